"""How the page looks: one measure of text, one scale of sizes, the colours of the pictures; light, dark and paper.

Colours have names here and are used by name alone, so a change of scheme is a change of a dozen lines. The rules come
in the order of the page. No font is fetched: the serif of the reader's own machine, its plain type for figures.
"""

from report.figures.style import FAINT, INK, PAGE, TEST, TRAIN, VALIDATION

_COLOURS = f"""
:root {{
  color-scheme: light dark;
  --page: {PAGE}; --plate: {PAGE}; --ink: {INK}; --quiet: #6d6873; --line: #e4dfd5; --track: #ebe6dc; --shade: #f3efe7;
  --blue: {TRAIN}; --orange: {VALIDATION}; --green: {TEST}; --faint: {FAINT}; --link: #27608b;
}}
@media screen and (prefers-color-scheme: dark) {{
  :root {{
    --page: #17171a; --ink: #e8e4dc; --quiet: #a29d99; --line: #34343a; --track: #303036; --shade: #222226;
    --blue: #6aa7d3; --orange: #e58a55; --green: #7db278; --faint: #6b6870; --link: #8fc0e4;
  }}
  .scroll, .tile {{ filter: brightness(0.9); }}
}}
"""

_TYPE = """
*, *::before, *::after { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body {
  margin: 0; background: var(--page); color: var(--ink); overflow-wrap: break-word;
  font: 1.0625rem/1.6 Charter, "Bitstream Charter", "Iowan Old Style", "Palatino Linotype", Palatino, Georgia,
    Cambria, "DejaVu Serif", serif;
}
main, footer { max-width: 62rem; margin: 0 auto; padding: 0 clamp(1rem, 4vw, 2.5rem); }
h1, h2, h3 { line-height: 1.15; text-wrap: balance; font-weight: 700; }
h1 { font-size: clamp(2rem, 1.3rem + 3vw, 3.4rem); letter-spacing: -0.015em; margin: 0; }
h2 { font-size: clamp(1.5rem, 1.2rem + 1.2vw, 2rem); letter-spacing: -0.01em; margin: 0 0 0.6rem; }
h3 { font-size: 1.125rem; margin: 2rem 0 0.6rem; }
p { margin: 0 0 0.8rem; }
figure { margin: 0; }
a { color: var(--link); text-underline-offset: 0.2em; text-decoration-thickness: 1px; }
b { font-weight: 700; }
.lede, .plain + p { max-width: 40rem; text-wrap: pretty; }
small, .note, .keys, .ends, .file, figcaption, table, nav, dt, footer, .vote, .truth, code {
  font-family: system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "DejaVu Sans", sans-serif;
}
small, .note, .keys, .ends, figcaption, footer { font-size: 0.8125rem; line-height: 1.45; color: var(--quiet); }
.number { font-variant-numeric: tabular-nums; }
section { padding-top: 1.6rem; margin-top: 3.4rem; border-top: 1px solid var(--line); }
footer { padding-top: 3rem; padding-bottom: 3rem; }
"""

_OPENING = """
header { padding-top: clamp(2rem, 6vw, 4.5rem); }
.subtitle { font-size: 1.25rem; line-height: 1.4; color: var(--quiet); margin: 0.7rem 0 0; max-width: 44rem; }
.headline { display: grid; grid-template-columns: auto 1fr; gap: 0 2.5rem; align-items: center; margin: 2.6rem 0 2rem; }
.headline-figure {
  margin: 0; color: var(--blue); font-weight: 700; font-size: clamp(4.5rem, 11vw, 8rem); line-height: 0.95;
  letter-spacing: -0.04em;
}
.plain { font-size: 1.375rem; line-height: 1.3; margin-bottom: 0.5rem; text-wrap: balance; }
.headline .note { margin: 0; }
.dots { display: block; width: 100%; height: auto; fill: none; stroke-width: 7; stroke-linecap: round; }
.dots .right { stroke: var(--blue); }
.dots .wrong { stroke: var(--orange); }
.keys { display: flex; flex-wrap: wrap; gap: 0.1rem 1.2rem; margin-top: 0.5rem; }
.key svg { width: 0.7em; height: 0.7em; margin-right: 0.45em; }
.scale { margin-top: 1.8rem; }
.scale > svg { display: block; overflow: visible; }
.ends { display: flex; justify-content: space-between; margin: 0; }
.ends + .keys { margin-top: 0; }
.interval { fill: var(--blue); fill-opacity: 0.32; }
.mark { transform: translateX(-1.5px); }
.guess { fill: var(--quiet); }
nav { margin-top: 2.6rem; font-size: 0.875rem; }
nav a { text-decoration-color: var(--line); }
nav ul { list-style: none; display: flex; flex-wrap: wrap; gap: 0.3rem 1.4rem; margin: 0; padding: 0; }
"""

_TABLES = """
.facts {
  display: grid; grid-template-columns: repeat(auto-fill, minmax(13rem, 1fr)); gap: 1.1rem 2rem; margin: 1.2rem 0 2rem;
}
.facts div { min-width: 0; }
dt { font-size: 0.8125rem; color: var(--quiet); }
dd { margin: 0; overflow-wrap: anywhere; }
table { width: 100%; border-collapse: collapse; font-size: 0.9375rem; line-height: 1.35; }
caption { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
th, td {
  text-align: left; vertical-align: middle; padding: 0.5rem 0.9rem 0.5rem 0; border-bottom: 1px solid var(--line);
  overflow-wrap: anywhere;
}
th { font-weight: 400; }
thead th { font-size: 0.8125rem; color: var(--quiet); vertical-align: bottom; overflow-wrap: normal; }
th.number, td.number { text-align: right; white-space: nowrap; }
th small, td small { display: block; }
.wide { width: 38%; padding-left: 0.6rem; padding-right: 0; }
table + .note, ul + .note, .groups + .note { margin-top: 0.8rem; }
.accepts td b { font-size: 1.375rem; }
.bar { display: block; width: 100%; height: 0.5rem; }
.bar + small { margin-top: 0.25rem; }
.track { fill: var(--track); }
.right, .train { fill: var(--blue); }
.wrong, .validation { fill: var(--orange); }
.test { fill: var(--green); }
.other { fill: var(--faint); }
"""

_PICTURES = """
.plate { margin: 1.4rem 0; }
.scroll { overflow-x: auto; background: var(--plate); border-radius: 0.75rem; }
.scroll img { display: block; max-width: 100%; height: auto; margin: 0 auto; border-radius: 0.75rem; }
.swipe { display: none; }
.cards {
  list-style: none; margin: 1.4rem 0 0; padding: 0; display: grid; gap: 1.8rem 1.1rem;
  grid-template-columns: repeat(auto-fill, minmax(8.2rem, 1fr));
}
.cards li { min-width: 0; }
.cards img {
  display: block; width: 100%; aspect-ratio: 1; object-fit: contain; background: var(--shade); border-radius: 0.5rem;
}
.cards p { margin: 0; }
.cards figcaption { margin-top: 0.55rem; color: var(--ink); overflow-wrap: anywhere; }
.vote { margin-top: 0.4rem; }
.vote p { display: flex; justify-content: space-between; gap: 0.6rem; line-height: 1.25; }
.vote .number { flex: none; }
.vote .bar { height: 0.25rem; margin-top: 0.2rem; }
.cards .file { margin-top: 0.5rem; font-size: 0.6875rem; color: var(--quiet); line-height: 1.3; }
.units, .single { display: grid; gap: 0.9rem 1.6rem; grid-template-columns: repeat(3, minmax(0, 1fr)); }
.units { list-style: none; margin: 0; padding: 0; }
.single .units { grid-template-columns: 1fr; }
.single h3 { margin-top: 1rem; font-size: 1rem; }
.unit { display: grid; gap: 3px; grid-template-columns: repeat(4, 1fr); }
.unit img { display: block; width: 100%; aspect-ratio: 1; object-fit: cover; border-radius: 3px; }
.unit .tile { grid-area: 1 / 1 / 3 / 3; }
.units figcaption { margin-top: 0.15rem; }
"""

_PHONE = """
@media screen and (max-width: 40rem) {
  section { margin-top: 2.6rem; }
  .headline { grid-template-columns: 1fr; gap: 1.1rem; margin-top: 2rem; }
  .scroll img { max-width: none; width: 42rem; }
  .scroll.small img { width: 30rem; }
  .swipe { display: block; margin-top: 0.4rem; }
  .cards { grid-template-columns: repeat(2, minmax(0, 1fr)); }
  .units, .single { grid-template-columns: repeat(2, minmax(0, 1fr)); gap: 0.8rem 1rem; }
  .counts .wide, .counts .key svg { display: none; }
  .wide { width: 32%; }
  .facts { grid-template-columns: 1fr 1fr; gap: 1rem; }
  table { font-size: 0.875rem; }
  th, td { padding-right: 0.6rem; }
}
"""

_PAPER = """
@media print {
  @page { margin: 16mm 15mm; }
  :root { --page: #fff; --plate: #fff; }
  html { font-size: 10.5pt; }
  * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
  main, footer { max-width: none; padding: 0; }
  header { padding-top: 0; }
  footer { margin-top: 1.5rem; }
  nav { display: none; }
  section { margin-top: 2rem; }
  h2, h3, .lede, thead { break-after: avoid; }
  h2, h3, p, figure, table, .cards li, .group { break-inside: avoid; }
  .scroll { overflow: visible; }
  .scroll img { max-height: 200mm; width: auto; object-fit: contain; }
  .cards { grid-template-columns: repeat(6, minmax(0, 1fr)); gap: 1.2rem 0.8rem; }
  .cards figcaption { font-size: 0.7rem; }
}
"""

STYLE_SHEET = "".join((_COLOURS, _TYPE, _OPENING, _TABLES, _PICTURES, _PHONE, _PAPER))

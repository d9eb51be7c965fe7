// The page on which groups get names. All that is shown comes from /state; each decision is a POST, and its answer is
// what has changed. Texts are set as text, never as HTML.
"use strict";

const worst = document.body.dataset.worst === "yes";
const find = (id) => document.getElementById(id);
const [list, dialog, training, help] = ["cards", "group", "training", "help"].map(find);
const TITLES = { unsorted: "Unsorted", "not-faces": "Not faces", strangers: "Nobody you know" };
const SECTIONS = [
  [(card) => worst || (card.kind === "person" && card.name === null), worst ? "To look at" : "Without a name"],
  [(card) => card.kind === "person", "With a name"],
  ...Object.entries(TITLES).map(([kind, title]) => [(card) => card.kind === kind, title]),
];
const POLL = 2000, POLL_BUSY = 400, SAID = 8000, PATIENCE = 60000; // milliseconds
const NEAR = "800px"; // cards so far from what is seen are made ready

let state = null; // as /state has it, but for the cards
let cards = new Map(); // id -> card, in their order
let current = null; // the id of the card that has the focus, or had it last
let opened = null; // the group in the dialog, as /groups/N has it
let isLost = false; // the server does not answer
let silence = 0; // the timer that takes a line away
const elements = new Map(); // id -> the element of a card
const sections = new Map(); // title -> its heading and its list
const picked = new Set(); // ids of cards
const pickedFaces = new Set(); // faces in the dialog

// What is asked of the server, one after the other: no answer is shown before an older one

let last = Promise.resolve();

function inTurn(action) {
  last = last.then(action, action);
  return last;
}

async function ask(path, body) {
  const how = { signal: AbortSignal.timeout(PATIENCE) };
  if (body) Object.assign(how, { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) });
  let answer, text;
  try {
    answer = await fetch(path, how);
    text = await answer.text();
  } catch {
    throw new Error("The server does not answer: start it again with the same command, and open the link it prints.");
  }
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    value = { error: text };
  }
  if (!answer.ok) throw new Error(value.error || `the server answered ${answer.status}`);
  return value;
}

async function refresh(known = state?.stamp || "") {
  show(await ask(`/state?${new URLSearchParams({ worst: worst ? "yes" : "", known })}`));
}

async function poll() {
  try {
    if (!document.hidden) await inTurn(() => refresh());
    if (isLost) tell("The server is back.");
    isLost = false;
  } catch (error) {
    tell(error.message, true);
    isLost = true;
  }
  const moving = state && (state.asked < state.to_ask || state.training?.running);
  setTimeout(poll, moving ? POLL_BUSY : POLL);
}

// Sends what `body` returns when it is its turn, if that is anything; returns whether it was done.
function send(path, body) {
  return inTurn(async () => {
    const sent = body();
    if (!sent) return false;
    try {
      const answer = await ask(path, { worst: worst ? "yes" : "", known: state.stamp, ...sent });
      show(answer.state);
      if (answer.about) tell(`${{ "/undo": "Undone: ", "/redo": "Done again: " }[path] || ""}${answer.about}`, false, path === "/steps");
      return true;
    } catch (error) {
      await refresh().catch(() => {});
      tell(error.message, true);
      return false;
    }
  });
}

// A decision about cards: whole groups, or single faces on the page of mistakes

// The focus goes on at once: who types fast need not wait for the answer.
async function decide(what, id, more = {}) {
  const next = neighbour(id);
  focusCard(next);
  const done = await send("/steps", () => {
    const card = cards.get(id);
    const target = card && (worst ? { faces: card.faces.map((face) => face.face) } : { group: card.group });
    return card && { do: what, ...target, seen: { [card.group]: card.version }, ...more };
  });
  if (!done && document.activeElement === elements.get(next)) focusCard(id);
  return done;
}

function accept(card) {
  decide("name", card.id, { name: card.suggestion.name });
}

async function reject(card) {
  if (worst && card.suggestion.name === card.name) return decide("take-out", card.id);
  if (worst) return decide("reject", card.id, { name: card.suggestion.name });
  await send("/steps", () => cards.has(card.id) && { do: "reject", group: card.group, name: card.suggestion.name, seen: { [card.group]: card.version } });
  focusCard(card.id); // it may have another suggestion, or wants a name
}

async function merge() {
  const ids = [...cards.keys()].filter((id) => picked.has(id));
  if (ids.length < 2) return tell("Pick two groups or more: Space, or the button Pick.", true);
  const done = await send("/steps", () => {
    const those = ids.map((id) => cards.get(id)).filter(Boolean);
    return { do: "merge", groups: those.map((card) => card.group), seen: Object.fromEntries(those.map((card) => [card.group, card.version])) };
  });
  if (!done) return;
  clearPicked();
  focusCard(ids.find((id) => cards.has(id)) || current);
}

const undo = () => send("/undo", () => state.undo && { number: state.undo.number });
const redo = () => send("/redo", () => state.redo && { number: state.redo.number });

// What is shown

function make(tag, settings = {}, ...children) {
  const element = Object.assign(document.createElement(tag), settings);
  element.append(...children);
  return element;
}

const faces = (n) => `${n.toLocaleString("en")} ${n === 1 ? "face" : "faces"}`;
const percent = (probability) => `${Math.min(Math.round(100 * probability), 99)} %`;
const image = (face, alt) => make("img", { src: `/crops/${face.face}?${face.sha256}`, alt, title: face.file, loading: "lazy", decoding: "async" });
const isolated = (text) => make("bdi", { textContent: text }); // a name from right to left leaves the rest where it is

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function show(fresh) {
  const before = cards;
  if (fresh.cards) {
    const kept = (card) => {
      const old = before.get(card.id);
      return !("group" in card) || JSON.stringify(old) === JSON.stringify(card) ? old : card;
    };
    const all = fresh.cards.map((card) => [card.id, kept(card)]);
    if (all.some(([, card]) => !card)) return void inTurn(() => refresh("")); // an answer was lost
    cards = new Map(all);
    find("names").replaceChildren(...fresh.names.map((name) => make("option", { value: name })));
  }
  state = fresh;
  if (fresh.cards) showCards(before);
  showTop();
  showTraining();
}

function showCards(before) {
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const within = focused && [focused.closest(".card")?.dataset.id, focused.dataset.key];
  for (const id of elements.keys()) if (!cards.has(id)) drop(id);
  for (const card of cards.values()) {
    if (!elements.has(card.id)) elements.set(card.id, shell(card));
    else if (before.get(card.id) !== card) draw(card);
  }
  const parts = [];
  const mine = new Map(SECTIONS.map(([, title]) => [title, []]));
  for (const card of cards.values()) mine.get(SECTIONS.find(([belongs]) => belongs(card))[1]).push(card);
  for (const [title, those] of mine) {
    if (!those.length) continue;
    if (!sections.has(title)) sections.set(title, [make("h2", {}, `${title} `, make("small")), make("ul", { className: "grid" })]);
    const [heading, group] = sections.get(title);
    const total = faces(those.reduce((sum, card) => sum + card.n, 0));
    setText(heading.lastChild, ["Unsorted", "Not faces"].includes(title) || worst ? total : `${those.length.toLocaleString("en")}, ${total}`);
    arrange(group, those.map((card) => elements.get(card.id)));
    parts.push(heading, group);
  }
  arrange(list, parts.length ? parts : [nothing()]);
  if (!cards.has(current)) current = cards.size ? cards.keys().next().value : null;
  if (current) elements.get(current).tabIndex = 0;
  if (within && within[0] && document.activeElement === document.body) {
    const element = elements.get(current);
    ((within[0] === current && element?.querySelector(`[data-key="${within[1]}"]`)) || element)?.focus();
  }
}

function nothing() {
  const words = worst ? "Nothing is left to look at." : "There are no faces here yet: group a folder of photos, as the command group does, or put photos into a folder for each person.";
  return make("p", { className: "nothing", textContent: words });
}

// Only what is not where it should be is moved: the rest keeps its focus.
function arrange(parent, wanted) {
  const kept = new Set(wanted);
  for (const child of [...parent.children]) if (!kept.has(child)) child.remove();
  let next = parent.firstChild;
  for (const element of wanted) {
    if (element === next) next = next.nextSibling;
    else parent.insertBefore(element, next);
  }
}

function drop(id) {
  seen.unobserve(elements.get(id));
  elements.delete(id);
  picked.delete(id);
}

// A card is drawn when it comes near to what is seen: with thousands of them the page is there at once.
const seen = new IntersectionObserver(
  (entries) => {
    for (const entry of entries) if (entry.isIntersecting) fill(entry.target.dataset.id);
  },
  { rootMargin: NEAR },
);

function shell(card) {
  const element = make("li", { className: "card", tabIndex: -1 }, about(card));
  element.dataset.id = card.id;
  element.addEventListener("focusin", () => setCurrent(card.id));
  seen.observe(element);
  return element;
}

function fill(id) {
  const element = elements.get(id);
  if (!element || element.classList.contains("is-filled")) return;
  seen.unobserve(element);
  element.classList.add("is-filled");
  draw(cards.get(id));
}

const nameOf = (card) => card.name || (worst || card.kind !== "strangers" ? "" : TITLES[card.kind]);

function about(card) {
  return make("p", { className: "about" }, make("b", {}, isolated(nameOf(card))), make("span", { textContent: faces(card.n) }));
}

// A field in which a name is being typed stays.
function draw(card) {
  const element = elements.get(card.id);
  const label = `${nameOf(card) || TITLES[card.kind] || "Without a name"}, ${faces(card.n)}`;
  element.setAttribute("aria-label", card.suggestion ? `${label}. ${card.suggestion.name}?` : label);
  if (!element.classList.contains("is-filled")) return element.replaceChildren(about(card));
  const form = element.querySelector("form");
  const thumbs = button("open", "", () => open(card.group));
  thumbs.className = `thumbs${card.faces.length === 1 ? " one" : ""}`;
  thumbs.setAttribute("aria-label", `Open: all of ${faces(card.n)}`);
  thumbs.append(...card.faces.map((face) => image(face, "")));
  const parts = [thumbs, about(card)];
  if (card.suggestion) parts.push(suggestionOf(card));
  if (card.kind === "person" || card.kind === "strangers" || worst) parts.push(form || formOf(card.id));
  const rest = make("div", { className: "rest" });
  if (!worst && card.kind === "person") rest.append(button("pick", "Pick", () => pick(card.id)));
  if (card.kind === "person") {
    rest.append(button("nobody", "Nobody I know", () => decide("strangers", card.id)));
    rest.append(button("not", "Not a face", () => decide("not-faces", card.id)));
  }
  if (!worst && (card.kind === "unsorted" || card.kind === "not-faces")) rest.append(button("look", "Open", () => open(card.group)));
  parts.push(rest);
  arrange(element, parts);
  const field = element.querySelector("input");
  if (field) field.placeholder = card.name ? "Another name" : "Who is this?";
  showPicked(card.id);
}

function suggestionOf(card) {
  const { name, probability } = card.suggestion;
  const same = worst && name === card.name;
  const yes = button("yes", "", () => accept(card));
  yes.append(make("span", {}, same ? "Yes, " : "", isolated(name)), make("span", { className: "number", textContent: percent(probability) }));
  yes.setAttribute("aria-label", `Yes, ${name}, ${percent(probability)}`);
  const no = button("no", "No", () => reject(card));
  if (worst && !same && card.name) no.append(", ", isolated(card.name));
  no.setAttribute("aria-label", worst && !same && card.name ? `No, ${card.name}` : `Not ${name}`);
  return make("div", { className: "suggestion" }, yes, no);
}

function formOf(id) {
  const field = make("input", { maxLength: find("faces-name").maxLength, autocomplete: "off", autocapitalize: "words", enterKeyHint: "done" });
  field.setAttribute("list", "names");
  field.setAttribute("aria-label", "Name");
  field.dataset.key = "name";
  const form = make("form", {}, field, make("button", { textContent: "Name" }));
  form.addEventListener("submit", async (event) => {
    event.preventDefault();
    const name = field.value;
    if (!name.trim()) return tell("Type a name first.", true);
    field.value = "";
    if (!(await decide("name", id, { name })) && !field.value) field.value = name;
  });
  return form;
}

function button(key, text, action) {
  const element = make("button", { type: "button", className: key, textContent: text });
  element.dataset.key = key;
  element.addEventListener("click", action);
  return element;
}

function showTop() {
  const all = [...cards.values()].filter((card) => card.kind === "person");
  const named = all.filter((card) => card.name !== null);
  const parts = [worst ? `${cards.size} photos of ${state.run} to look at` : `${named.length} of ${all.length} groups named`];
  if (state.asked < state.to_ask) parts.push(`asking ${state.run}: ${state.asked} of ${state.to_ask} faces`);
  if (state.training?.running) parts.push(`training: ${state.training.line.slice(0, 60)}`);
  setText(find("progress"), parts.join(", "));
  for (const [id, what] of [["undo", "Undo"], ["redo", "Redo"]]) {
    find(id).disabled = !state[id];
    find(id).title = state[id] ? `${what}: ${state[id].about}` : "";
  }
  find("report").hidden = state.run === null;
  setText(find("trouble"), state.trouble);
  find("trouble").hidden = !state.trouble;
  find("picked").hidden = picked.size === 0;
  find("picked").querySelector('[data-do="merge"]').disabled = picked.size < 2;
  setText(find("picked-about"), `${picked.size} ${picked.size === 1 ? "group" : "groups"} picked`);
  document.body.classList.toggle("has-picked", picked.size > 0);
}

// Says what was done, or what is wrong; what was done can be taken back there.
function tell(text, wrong = false, undoable = false) {
  clearTimeout(silence);
  const line = find("line");
  for (const said of document.querySelectorAll(".said")) {
    setText(said, text);
    said.classList.toggle("is-wrong", wrong);
    said.hidden = !text;
  }
  line.classList.toggle("is-wrong", wrong);
  find("take-back").hidden = !undoable;
  line.hidden = !text;
  if (!wrong && text) silence = setTimeout(tell, SAID, "");
}

// The training

function showTraining() {
  const now = state.training;
  const running = Boolean(now?.running);
  setText(find("training-title"), running ? "Training" : !now || training.dataset.again ? "Train" : now.right ? "Trained" : "Not trained");
  const people = [...cards.values()].filter((card) => card.kind === "person" && card.name !== null);
  const photos = people.reduce((sum, card) => sum + card.n, 0);
  const words = { running: "This page can be used meanwhile. Files are renamed at its end.", wrong: "It ended with:", right: "", none: `On ${people.length} people with ${faces(photos)}. It takes from seconds to minutes, and ends on its report.` };
  const what = running ? "running" : !now || training.dataset.again ? "none" : now.right ? "right" : "wrong";
  setText(find("training-about"), worst && what === "none" ? "On the people of this folder. It ends on its report." : words[what]);
  const pre = find("training-lines");
  const wasAtEnd = pre.scrollTop + pre.clientHeight >= pre.scrollHeight - 9;
  pre.hidden = what === "none";
  setText(pre, now ? now.lines.join("\n") || "starting" : "");
  if (wasAtEnd) pre.scrollTop = pre.scrollHeight;
  setText(find("start"), what === "none" ? "Train" : "Train again");
  find("start").hidden = running;
  find("trained").hidden = what !== "right";
  if (training.dataset.seen === "running" && !running) {
    training.dataset.seen = "ended";
    if (now.right && training.open) location.href = "/report";
    else if (!training.open) tell(now.right ? "Trained: see the report." : "The training has failed: press T to see why.", !now.right);
  }
  if (running) training.dataset.seen = "running";
}

function openTraining() {
  delete training.dataset.again;
  showTraining();
  training.showModal();
  const first = [find("trained"), find("start")].find((one) => !one.hidden);
  (first || training.querySelector('[data-do="close"]')).focus();
}

async function start() {
  training.dataset.again = "yes";
  const done = await send("/train", () => ({}));
  delete training.dataset.again;
  showTraining();
  if (done) training.querySelector('[data-do="close"]').focus();
  else training.close();
}

// Cards and the focus

const order = () => [...list.querySelectorAll(".card")];

function setCurrent(id) {
  if (elements.has(current)) elements.get(current).tabIndex = -1;
  current = id;
  elements.get(id).tabIndex = 0;
}

function focusCard(id) {
  const element = elements.get(id) || elements.get(current);
  if (!element) return;
  fill(element.dataset.id);
  setCurrent(element.dataset.id);
  element.focus();
}

// The card to go on with: the next one in the same section, or the one before.
function neighbour(id) {
  const element = elements.get(id);
  const next = element?.nextElementSibling || element?.previousElementSibling;
  return next?.dataset.id || order()[order().indexOf(element) + 1]?.dataset.id || id;
}

function move(from, all, key) {
  const place = all.indexOf(from);
  if (key === "ArrowRight" || key === "ArrowLeft") return all[place + (key === "ArrowRight" ? 1 : -1)] || from;
  const here = from.getBoundingClientRect();
  const down = key === "ArrowDown";
  const far = (other) => {
    const there = other.getBoundingClientRect();
    const rows = down ? there.top - here.top : here.top - there.top;
    return rows > here.height / 4 ? rows * 4 + Math.abs(there.left - here.left) : Infinity;
  };
  const best = all.reduce((a, b) => (far(b) < far(a) ? b : a), from);
  return far(best) === Infinity ? from : best;
}

function pick(id) {
  if (!picked.delete(id)) picked.add(id);
  showPicked(id);
  showTop();
}

function showPicked(id) {
  const element = elements.get(id);
  element.classList.toggle("is-picked", picked.has(id));
  element.querySelector('[data-key="pick"]')?.setAttribute("aria-pressed", String(picked.has(id)));
}

function clearPicked() {
  const all = [...picked];
  picked.clear();
  for (const id of all) if (elements.has(id)) showPicked(id);
  showTop();
}

// The dialog with all faces of a group

async function open(number) {
  try {
    opened = await ask(`/groups/${number}`);
  } catch (error) {
    if (dialog.open) dialog.close();
    return tell(error.message, true);
  }
  if (!dialog.open) tell("");
  pickedFaces.clear();
  find("group-title").replaceChildren(opened.name ? isolated(opened.name) : TITLES[opened.kind] || "Who is this?", " ", make("small", { textContent: faces(opened.n) }));
  const bySuggestion = new Map();
  for (const face of opened.faces) {
    const name = opened.kind === "unsorted" && face.suggestion ? face.suggestion.name : "";
    bySuggestion.set(name, [...(bySuggestion.get(name) || []), face]);
  }
  const parts = [...bySuggestion].sort(([a, those], [b, others]) => (a === "") - (b === "") || others.length - those.length);
  find("faces").replaceChildren(...parts.map(([name, those]) => partOf(name, those)));
  find("faces-name").value = "";
  const says = { no: opened.kind === "not-faces" ? "It is a face" : "Not this person" };
  for (const one of dialog.querySelectorAll(".actions [data-do]")) one.hidden = one.dataset.do === opened.kind;
  dialog.querySelector('[data-do="no"]').firstChild.data = `${says.no} `;
  showFaces();
  if (!dialog.open) dialog.showModal();
  (dialog.querySelector("[data-face]") || dialog.querySelector('[data-do="close"]')).focus();
}

function partOf(name, those) {
  const grid = make("ul", {}, ...those.map((face) => make("li", {}, faceOf(face))));
  if (!name) return make("section", {}, grid);
  const yes = button("yes", `Yes, all ${those.length}`, () => acceptFaces(those));
  yes.setAttribute("aria-label", `Yes, ${faces(those.length)} of ${name}`);
  const part = make("section", {}, make("h3", {}, make("span", {}, isolated(name), "?"), yes), grid);
  part.dataset.name = name;
  return part;
}

function faceOf(face) {
  const { name, probability } = face.suggestion || {};
  const below = name ? [isolated(name), make("small", { textContent: percent(probability) })] : [isolated(face.file.split("/").pop())];
  const element = make("button", { type: "button" }, image(face, ""), make("span", {}, ...below));
  element.dataset.face = face.face;
  element.setAttribute("aria-pressed", "false");
  element.addEventListener("click", () => pickFace(element));
  return element;
}

function pickFace(element) {
  const face = Number(element.dataset.face);
  if (!pickedFaces.delete(face)) pickedFaces.add(face);
  element.setAttribute("aria-pressed", String(pickedFaces.has(face)));
  showFaces();
}

// The name that is suggested for all faces that are picked, or ""
function suggestedName() {
  const names = new Set(opened.faces.filter((face) => pickedFaces.has(face.face)).map((face) => face.suggestion?.name || ""));
  return names.size === 1 ? [...names][0] : "";
}

function showFaces() {
  setText(find("faces-about"), pickedFaces.size ? `${faces(pickedFaces.size)} picked:` : "Pick faces, then:");
  find("faces-name").placeholder = suggestedName() || "Who is this?";
  for (const element of dialog.querySelectorAll(".actions button")) element.disabled = !pickedFaces.size;
  const no = dialog.querySelector('[data-do="no"]');
  if (opened.kind !== "not-faces" && opened.name === null) no.disabled = !suggestedName(); // it is nobody's face yet
}

async function decideFaces(what, more = {}, those = [...pickedFaces]) {
  if (!those.length) return tell("Pick faces first: Space, or a tap.", true);
  const { group, version, n } = opened;
  const done = await send("/steps", () => ({ do: what, faces: those, seen: { [group]: version }, ...more }));
  if (!done || n > those.length || what === "reject") await open(group);
  else dialog.close();
}

const acceptFaces = (those) => decideFaces("name", { name: those[0].suggestion.name }, those.map((face) => face.face));

function rejectFaces() {
  if (opened.kind === "not-faces" || opened.name !== null) return decideFaces("take-out");
  const name = suggestedName();
  return name ? decideFaces("reject", { name }) : tell("These faces have no name that could be wrong.", true);
}

async function turnInDialog(turn) {
  await turn();
  await open(opened.group);
}

// Keys

function pressed(event) {
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

function keysOfCards(event) {
  const key = pressed(event);
  const general = { u: undo, r: redo, t: openTraining, m: merge, "?": () => help.showModal() };
  if (general[key]) return general[key](), true;
  const card = cards.get(current);
  const element = elements.get(current);
  if (!card || !element) return false;
  if (key.startsWith("Arrow")) return focusCard(move(element, order(), key).dataset.id), true;
  if ((key === "Enter" || key === " ") && event.target.closest("button, a")) return false;
  fill(card.id);
  const field = element.querySelector("input");
  const isPerson = card.kind === "person";
  const own = {
    Enter: () => (card.suggestion ? accept(card) : field ? field.focus() : open(card.group)),
    e: field && (() => field.focus()),
    x: card.suggestion && (() => reject(card)),
    n: isPerson && (() => decide("strangers", card.id)),
    f: (isPerson || card.kind === "strangers") && (() => decide("not-faces", card.id)),
    o: () => open(card.group),
    " ": !worst && isPerson && (() => pick(card.id)),
  };
  return own[key] ? (own[key](), true) : false;
}

function keysOfFaces(event) {
  const element = event.target.closest("[data-face]");
  const all = [...dialog.querySelectorAll("[data-face]")];
  const key = pressed(event);
  if (key.startsWith("Arrow")) return move(element || all[0], all, key)?.focus(), true;
  const name = element?.closest("section").dataset.name;
  const can = (what) => !dialog.querySelector(`.actions [data-do="${what}"]`).hidden;
  const own = {
    a: () => all.forEach((one) => (one.getAttribute("aria-pressed") === "false" ? pickFace(one) : undefined)),
    s: () => decideFaces("split"),
    x: rejectFaces,
    y: name && (() => acceptFaces(opened.faces.filter((face) => face.suggestion?.name === name))),
    n: can("strangers") && (() => decideFaces("strangers")),
    f: can("not-faces") && (() => decideFaces("not-faces")),
    e: () => find("faces-name").focus(),
    u: () => turnInDialog(undo),
    r: () => turnInDialog(redo),
    Enter: element && (() => find("faces-name").focus()),
  };
  return own[key] ? (own[key](), true) : false;
}

document.addEventListener("keydown", (event) => {
  if (!state || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target instanceof HTMLInputElement) {
    if (event.key === "Escape" && !dialog.open) {
      focusCard(current);
      event.preventDefault();
    }
    return;
  }
  if (event.repeat && !event.key.startsWith("Arrow")) return; // a key that is held decides nothing twice
  const handled = dialog.open ? keysOfFaces(event) : document.querySelector("dialog[open]") ? false : keysOfCards(event);
  if (handled) event.preventDefault();
});

find("undo").addEventListener("click", undo);
find("take-back").addEventListener("click", undo);
find("redo").addEventListener("click", redo);
find("train").addEventListener("click", openTraining);
find("start").addEventListener("click", start);
find("keys").addEventListener("click", () => help.showModal());
find("picked").addEventListener("click", (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (what === "merge") merge();
  if (what === "clear") clearPicked();
});
for (const one of document.querySelectorAll("dialog")) {
  one.addEventListener("click", (event) => event.target.closest('[data-do="close"]') && one.close());
  one.addEventListener("close", () => list.contains(document.activeElement) || focusCard(current)); // where it was, if that is still there
}
find("group-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const name = find("faces-name").value.trim() || suggestedName();
  if (name) decideFaces("name", { name });
  else tell("Type a name first.", true);
});
find("group-form").addEventListener("click", (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (what === "no") rejectFaces();
  else if (what) decideFaces(what);
});
document.addEventListener("visibilitychange", () => state && !document.hidden && inTurn(() => refresh()).catch(() => {}));

inTurn(() => refresh())
  .then(() => {
    const wanted = new URLSearchParams(location.search).get("photo");
    const card = wanted && [...cards.values()].find((one) => one.faces.some((face) => wanted.startsWith(face.sha256)));
    if (wanted && !card) tell("This photo is no longer among those to look at.", true);
    focusCard(card ? card.id : current);
  })
  .catch((error) => tell(error.message, true))
  .finally(() => setTimeout(poll, POLL_BUSY));

// The page on which groups get names. All that is shown comes from /state; each decision is a POST, and its answer is
// the state behind it. Texts are set as text, never as HTML.
"use strict";

const worst = document.body.dataset.worst === "yes";
const find = (id) => document.getElementById(id);
const [list, dialog, training, line] = ["cards", "group", "training", "line"].map(find);
const SECTIONS = [
  [(card) => worst || (card.kind === "person" && card.name === null), worst ? "To look at" : "Without a name"],
  [(card) => card.kind === "person", "With a name"],
  [(card) => card.kind === "unsorted", "Unsorted"],
  [(card) => card.kind === "strangers", "Nobody you know"],
  [(card) => card.kind === "not-faces", "Not faces"],
];
const POLL = 2000, POLL_BUSY = 400; // milliseconds

let state = null;
let current = null; // the id of the card that has the focus, or had it last
let opened = null; // the group in the dialog, as /groups/N has it
let busy = false; // a decision is being sent
const picked = new Set(); // ids of cards
const pickedFaces = new Set(); // faces in the dialog

// What is asked of the server

async function ask(path, body) {
  const how = body && { method: "POST", headers: { "content-type": "application/json" }, body: JSON.stringify(body) };
  let answer;
  try {
    answer = await fetch(path, how || {});
  } catch {
    throw new Error("The server does not answer: start it again with the same command, and open the link it prints.");
  }
  const text = await answer.text();
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    value = { error: text };
  }
  if (!answer.ok) throw new Error(value.error || `the server answered ${answer.status}`);
  return value;
}

async function refresh(always) {
  const known = always || state === null ? "" : `&known=${state.revision}`;
  const fresh = await ask(`/state?${worst ? "worst" : ""}${known}`);
  if (fresh) show(fresh);
}

async function poll() {
  try {
    if (!busy && !document.hidden) await refresh(false);
    if (line.dataset.lost) tell("");
  } catch (error) {
    tell(error.message, true);
    line.dataset.lost = "yes";
  }
  const moving = state && (state.asked < state.to_ask || (state.training && state.training.running));
  setTimeout(poll, moving ? POLL_BUSY : POLL);
}

async function send(path, body) {
  if (busy) return false;
  busy = true;
  try {
    const answer = await ask(path, { worst, ...body });
    show(answer.state);
    if (answer.about) tell(`${path === "/undo" ? "Undone: " : ""}${answer.about}`);
    return true;
  } catch (error) {
    tell(error.message, true);
    await refresh(true).catch(() => {});
    return false;
  } finally {
    busy = false;
  }
}

// A decision about cards: whole groups, or single faces on the page of mistakes

function target(card) {
  const what = worst ? { faces: card.faces.map((face) => face.face) } : { group: card.group };
  return { ...what, seen: { [card.group]: card.version } };
}

async function decide(what, card, more = {}) {
  const next = neighbour(card.id);
  current = next;
  if (await send("/steps", { do: what, ...target(card), ...more })) focusCard(next);
  else focusCard(card.id);
}

function accept(card) {
  if (card.suggestion) decide("name", card, { name: card.suggestion.name });
}

function reject(card) {
  if (!card.suggestion) return;
  if (worst && card.suggestion.name === card.name) decide("take-out", card);
  else decide("reject", card, { name: card.suggestion.name });
}

async function merge() {
  const cards = state.cards.filter((card) => picked.has(card.id));
  if (cards.length < 2) return tell("Pick two groups or more: Space, or the button Pick.", true);
  const seen = Object.fromEntries(cards.map((card) => [card.group, card.version]));
  if (await send("/steps", { do: "merge", groups: cards.map((card) => card.group), seen })) picked.clear();
  show(state);
  focusCard(cards[0].id);
}

const undo = () => state.undo && send("/undo", { number: state.undo.number });
const redo = () => state.redo && send("/redo", { number: state.redo.number });

async function train() {
  if (!(state.training && state.training.running) && !(await send("/train", {}))) return;
  training.dataset.seen = "running";
  showTraining();
  training.showModal();
}

// What is shown

function make(tag, settings = {}, ...children) {
  const element = Object.assign(document.createElement(tag), settings);
  element.append(...children);
  return element;
}

const faces = (n) => `${n.toLocaleString("en")} ${n === 1 ? "face" : "faces"}`;
const percent = (probability) => `${Math.min(Math.round(100 * probability), 99)} %`;
const image = (face, alt) =>
  make("img", { src: `/crops/${face.face}?${face.sha256.slice(0, 12)}`, alt, title: face.file, loading: "lazy" });

function show(fresh) {
  state = fresh;
  const focused = list.contains(document.activeElement) ? document.activeElement : null;
  const inside = focused && [focused.closest(".card")?.dataset.id, focused.dataset.key];
  for (const id of picked) if (!state.cards.some((card) => card.id === id)) picked.delete(id);
  const kept = new Map([...list.querySelectorAll(".card")].map((element) => [element.dataset.id, element]));
  const left = [...state.cards];
  const parts = [];
  for (const [belongs, title] of SECTIONS) {
    const mine = left.filter(belongs);
    if (!mine.length) continue;
    for (const card of mine) left.splice(left.indexOf(card), 1);
    const total = faces(mine.reduce((sum, card) => sum + card.n, 0));
    const about = ["Unsorted", "Not faces"].includes(title) ? total : `${mine.length}, ${total}`;
    parts.push(make("h2", {}, `${title} `, make("small", { textContent: about })));
    parts.push(make("ul", { className: "groups" }, ...mine.map((card) => cardOf(card, kept.get(card.id)))));
  }
  if (!parts.length) parts.push(make("p", { textContent: worst ? "Nothing is left to look at." : "There are no faces here yet." }));
  list.replaceChildren(...parts);
  find("names").replaceChildren(...state.names.map((name) => make("option", { value: name })));
  showTop();
  showTraining();
  if (inside && inside[0]) {
    const card = elementOf(inside[0]);
    (card?.querySelector(`[data-key="${inside[1]}"]`) || card)?.focus();
  }
  if (!current || !elementOf(current)) current = state.cards.length ? state.cards[0].id : null;
  for (const card of list.querySelectorAll(".card")) card.tabIndex = card.dataset.id === current ? 0 : -1;
}

// A card is made again only when it has changed: a name that is being typed stays.
function cardOf(card, before) {
  const json = JSON.stringify(card);
  if (before && before.dataset.json === json) {
    before.classList.toggle("is-picked", picked.has(card.id));
    return before;
  }
  const typed = before?.querySelector("input")?.value || "";
  const thumbs = make(
    "button",
    { type: "button", className: `thumbs${card.faces.length === 1 ? " one" : ""}`, title: "Open: all faces" },
    ...card.faces.map((face, place) => image(face, place ? "" : `${faces(card.n)} of ${card.name || "one group"}`)),
  );
  thumbs.addEventListener("click", () => open(card.group));
  const name = card.name || { unsorted: "", "not-faces": "", strangers: "Nobody you know" }[card.kind] || "";
  const parts = [thumbs, make("p", { className: "about" }, make("b", { textContent: name }), make("span", { textContent: faces(card.n) }))];
  if (card.suggestion) {
    const { name: suggested, probability } = card.suggestion;
    const same = worst && suggested === card.name;
    const yes = button("yes", "", () => accept(card));
    yes.append(make("span", { textContent: same ? `Yes, ${suggested}` : suggested }), make("span", { className: "number", textContent: percent(probability) }));
    yes.setAttribute("aria-label", `Yes, ${suggested}`);
    const no = button("no", worst && !same ? `No, ${card.name || "another"}` : "No", () => reject(card));
    no.setAttribute("aria-label", `Not ${suggested}`);
    parts.push(make("div", { className: "suggestion" }, yes, no));
  }
  if (card.kind === "person" || card.kind === "strangers" || worst) {
    const input = make("input", { maxLength: 200, autocomplete: "off", placeholder: card.name ? "Another name" : "Who is this?", value: typed });
    input.setAttribute("list", "names");
    input.setAttribute("aria-label", "Name");
    input.dataset.key = "input";
    const form = make("form", {}, input, button("submit", "Name"));
    form.lastChild.type = "submit";
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      const name = input.value;
      input.value = "";
      if (name.trim()) decide("name", card, { name });
    });
    parts.push(form);
  }
  const rest = make("div", { className: "rest" });
  if (!worst && card.kind === "person") rest.append(button("pick", "Pick", () => pick(card)));
  if (card.kind !== "strangers" && card.kind !== "unsorted" && card.kind !== "not-faces") {
    rest.append(button("nobody", "Nobody I know", () => decide("strangers", card)));
    rest.append(button("not", "Not a face", () => decide("not-faces", card)));
  }
  if (!worst && (card.kind === "unsorted" || card.kind === "not-faces")) rest.append(button("open", "Open", () => open(card.group)));
  parts.push(rest);
  const element = make("li", { className: "card" }, ...parts);
  element.dataset.id = card.id;
  element.dataset.json = json;
  element.classList.toggle("is-picked", picked.has(card.id));
  element.addEventListener("focusin", () => setCurrent(card.id));
  return element;
}

function button(key, text, action) {
  const element = make("button", { type: "button", className: key, textContent: text });
  element.dataset.key = key;
  if (action) element.addEventListener("click", action);
  return element;
}

function showTop() {
  const groups = state.cards.filter((card) => card.kind === "person");
  const named = groups.filter((card) => card.name !== null);
  const parts = worst
    ? [`${state.cards.length} photos of ${state.run} to look at`]
    : [`${named.length} of ${groups.length} groups named`];
  if (state.asked < state.to_ask) parts.push(`asking ${state.run}: ${state.asked} of ${state.to_ask} faces`);
  find("progress").textContent = parts.join(", ");
  find("undo").disabled = !state.undo;
  find("undo").title = state.undo ? `Undo: ${state.undo.about}` : "";
  find("redo").disabled = !state.redo;
  find("redo").title = state.redo ? `Redo: ${state.redo.about}` : "";
  find("picked").hidden = picked.size === 0;
  find("picked-about").textContent = `${picked.size} ${picked.size === 1 ? "group" : "groups"} picked`;
}

function showTraining() {
  const now = state.training;
  if (!now) return;
  find("training-title").textContent = now.running ? "Training" : now.right ? "Trained" : "Not trained";
  const pre = find("training-lines");
  pre.textContent = now.lines.join("\n") || "starting";
  pre.scrollTop = pre.scrollHeight;
  find("report").hidden = now.running || !now.right;
  if (training.dataset.seen === "running" && !now.running) {
    training.dataset.seen = "ended";
    if (now.right && training.open) location.href = "/report";
  }
}

function tell(text, wrong = false) {
  line.textContent = text;
  line.hidden = !text;
  line.classList.toggle("wrong", wrong);
  delete line.dataset.lost;
}

// Cards and the focus

const elementOf = (id) => [...list.querySelectorAll(".card")].find((element) => element.dataset.id === id);
const cardAt = (id) => state.cards.find((card) => card.id === id);
const order = () => [...list.querySelectorAll(".card")].map((element) => element.dataset.id);

function setCurrent(id) {
  current = id;
  for (const card of list.querySelectorAll(".card")) card.tabIndex = card.dataset.id === id ? 0 : -1;
}

function focusCard(id) {
  const element = elementOf(id) || elementOf(current) || list.querySelector(".card");
  if (!element) return;
  setCurrent(element.dataset.id);
  element.focus();
}

// The card to go on with: the next one in the same section, or the one before.
function neighbour(id) {
  const mates = [...(elementOf(id)?.parentElement.children || [])].map((element) => element.dataset.id);
  const place = mates.indexOf(id);
  return mates[place + 1] || mates[place - 1] || order()[order().indexOf(id) + 1] || id;
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

function pick(card) {
  if (!picked.delete(card.id)) picked.add(card.id);
  elementOf(card.id)?.classList.toggle("is-picked", picked.has(card.id));
  showTop();
}

// The dialog with all faces of a group

async function open(number) {
  try {
    opened = await ask(`/groups/${number}`);
  } catch (error) {
    return tell(error.message, true);
  }
  pickedFaces.clear();
  const unnamed = { unsorted: "Unsorted", "not-faces": "Not faces", strangers: "Nobody you know" }[opened.kind];
  find("group-title").textContent = `${opened.name ? `${opened.name}:` : unnamed ? `${unnamed}:` : "Who is this?"} ${faces(opened.n)}`;
  find("faces").replaceChildren(
    ...opened.faces.map((face) => {
      const element = make("button", { type: "button" }, image(face, face.file), make("span", { textContent: face.suggestion ? `${face.suggestion.name} ${percent(face.suggestion.probability)}` : face.file.split("/").pop() }));
      element.dataset.face = face.face;
      element.setAttribute("aria-pressed", "false");
      element.addEventListener("click", () => pickFace(element));
      return make("li", {}, element);
    }),
  );
  find("faces-name").value = "";
  showFaces();
  if (!dialog.open) dialog.showModal();
  dialog.querySelector("[data-face]")?.focus();
}

function pickFace(element) {
  const face = Number(element.dataset.face);
  if (!pickedFaces.delete(face)) pickedFaces.add(face);
  element.setAttribute("aria-pressed", String(pickedFaces.has(face)));
  showFaces();
}

function showFaces() {
  find("faces-about").textContent = pickedFaces.size ? `${faces(pickedFaces.size)} picked:` : "Pick faces, then:";
  const suggested = opened.faces.filter((face) => pickedFaces.has(face.face) && face.suggestion);
  const names = new Set(suggested.map((face) => face.suggestion.name));
  find("faces-name").placeholder = names.size === 1 ? [...names][0] : "Who is this?";
  for (const element of dialog.querySelectorAll(".bar button")) element.disabled = !pickedFaces.size;
}

async function decideFaces(what, more = {}) {
  if (!pickedFaces.size) return tell("Pick faces first: Space, or a tap.", true);
  const seen = { [opened.group]: opened.version };
  const done = await send("/steps", { do: what, faces: [...pickedFaces], seen, ...more });
  if (done && opened.n > pickedFaces.size) await open(opened.group);
  else dialog.close();
}

// Keys

const inField = (event) => event.target instanceof HTMLInputElement;

function keysOfCards(event) {
  const card = current && cardAt(current);
  const element = current && elementOf(current);
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  const general = { u: undo, r: redo, t: train, m: merge, "?": () => find("help").showModal() };
  if (general[key]) return general[key](), true;
  if (!card || !element) return false;
  if (key.startsWith("Arrow")) return move(element, [...list.querySelectorAll(".card")], key).focus(), true;
  if (key === "Enter" && event.target.closest("button, a")) return false;
  const own = {
    Enter: () => (card.suggestion ? accept(card) : element.querySelector("input") ? element.querySelector("input").focus() : open(card.group)),
    x: () => (card.suggestion ? reject(card) : undefined),
    n: () => decide("strangers", card),
    f: () => decide("not-faces", card),
    o: () => open(card.group),
    " ": () => !worst && card.kind === "person" && pick(card),
  };
  if (key === " " && event.target.closest("button, a")) return false;
  if ((key === "n" || key === "f") && card.kind !== "person" && card.kind !== "strangers") return false;
  return own[key] ? (own[key](), true) : false;
}

function keysOfFaces(event) {
  const element = event.target.closest("[data-face]");
  const all = [...dialog.querySelectorAll("[data-face]")];
  const key = event.key.length === 1 ? event.key.toLowerCase() : event.key;
  if (key.startsWith("Arrow")) return move(element || all[0], all, key)?.focus(), true;
  const own = {
    a: () => all.forEach((one) => (one.getAttribute("aria-pressed") === "false" ? pickFace(one) : undefined)),
    s: () => decideFaces("split"),
    x: () => decideFaces("take-out"),
    n: () => decideFaces("strangers"),
    f: () => decideFaces("not-faces"),
    u: undo,
    r: redo,
  };
  if (key === "Enter" && element) return find("faces-name").focus(), true;
  return own[key] ? (own[key](), true) : false;
}

document.addEventListener("keydown", (event) => {
  if (!state || event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (inField(event)) {
    if (event.key === "Escape" && !dialog.open) {
      event.target.blur();
      focusCard(current);
      event.preventDefault();
    }
    return;
  }
  const handled = dialog.open ? keysOfFaces(event) : document.querySelector("dialog[open]") ? false : keysOfCards(event);
  if (handled) event.preventDefault();
});

find("undo").addEventListener("click", undo);
find("redo").addEventListener("click", redo);
find("train").addEventListener("click", train);
find("keys").addEventListener("click", () => find("help").showModal());
find("picked").addEventListener("click", (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (what === "merge") merge();
  if (what === "clear") {
    picked.clear();
    show(state);
  }
});
for (const one of document.querySelectorAll("dialog"))
  one.addEventListener("click", (event) => event.target.closest('[data-do="close"]') && one.close());
dialog.addEventListener("close", () => focusCard(current));
find("group-form").addEventListener("submit", (event) => {
  event.preventDefault();
  const field = find("faces-name");
  const name = field.value.trim() || (field.placeholder === "Who is this?" ? "" : field.placeholder);
  if (name) decideFaces("name", { name });
});
find("group-form").addEventListener("click", (event) => {
  const what = event.target.closest("[data-do]")?.dataset.do;
  if (what) decideFaces(what);
});

refresh(true)
  .then(() => {
    const wanted = new URLSearchParams(location.search).get("photo");
    const card = wanted && state.cards.find((one) => one.faces.some((face) => face.sha256 === wanted));
    focusCard(card ? card.id : current);
  })
  .catch((error) => tell(error.message, true))
  .finally(poll);

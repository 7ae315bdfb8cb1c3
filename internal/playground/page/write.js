// Where messages and commands are written, with completion.

import { app, person, placeLabel, send } from "./app.js";
import { announce, avatar, byId, el, fill, icon, shownCount } from "./dom.js";
import { clearProblem, expect, problemIn } from "./ask.js";

const box = () => byId("composer");
const waitBeforeAsking = 120; // ms of quiet before the bot is asked for completions
const countFrom = 0.85; // of the longest text, from which its length is shown

let replying = null; // the message that is being answered
let editing = null;  // the message that is being edited
const drafts = new Map(); // place -> what was being written there

// --- replying and editing ---

export function replyTo(m) {
  editing = null;
  replying = m;
  drawBar();
  box().focus();
}

export function editMessage(m) {
  replying = null;
  editing = m;
  setText(m.text);
  drawBar();
  box().focus();
}

function drawBar() {
  const bar = byId("reply-bar");
  const m = replying || editing;
  bar.hidden = !m;
  if (!m) return;
  fill(bar, icon(replying ? "reply" : "edit"),
    el("span", {}, replying ? ["Replying to ", el("b", {}, person(m.author).name)] : "Editing your message"),
    el("button", { type: "button", class: "icon-button", aria: { label: replying ? "Do not reply" : "Do not edit" }, onclick: stopReply }, icon("close")));
}

function stopReply() {
  if (editing) setText("");
  replying = editing = null;
  drawBar();
  box().focus();
}

function setText(text) {
  box().value = text;
  grow();
}

export function openPlaceToWrite(before) {
  if (before && !editing) drafts.set(before, box().value);
  replying = editing = null;
  drawBar();
  setText(drafts.get(app.place) || "");
  clearProblem();
  close();
  const place = app.places.get(app.place);
  const label = place.direct ? `Message ${placeLabel(place)}` : `Message ${place.name}`;
  byId("composer-label").textContent = `${label}, as ${person(app.me).name}. Type slash for commands.`;
  box().placeholder = `${label} as ${person(app.me).name}, or type /`;
}

export function forgetDrafts() { drafts.clear(); }

function grow() {
  const b = box();
  b.style.height = "auto";
  b.style.height = `${Math.min(b.scrollHeight, 180)}px`;
  const n = [...b.value].length;
  const count = byId("count");
  count.hidden = n < app.maxText * countFrom;
  count.textContent = `${shownCount(n)} of ${shownCount(app.maxText)}`;
  count.classList.toggle("over", n > app.maxText);
}

// --- commands, as they are typed ---

const typedCommands = () => app.commands.filter((c) => !c.onMessage);
const picks = new Map(); // what a completion showed -> what it stands for

// parse reads "/support need:Talk region:UK". Values may hold spaces; text
// before the first option's name belongs to the first option that is needed.
function parse(text) {
  const rest = text.slice(1);
  const lower = rest.toLowerCase();
  const command = typedCommands()
    .filter((c) => lower === c.name || lower.startsWith(`${c.name} `))
    .sort((a, b) => b.name.length - a.name.length)[0];
  if (!command) return { typed: rest };
  const after = rest.slice(command.name.length);
  const options = command.options || [];
  const marks = [];
  for (const o of options) {
    const found = new RegExp(`(^|\\s)${o.name.replace(/[^\w-]/g, "")}:`, "i").exec(after);
    if (found) marks.push({ option: o, from: found.index, value: found.index + found[0].length });
  }
  marks.sort((a, b) => a.from - b.from);
  const given = [];
  const loose = after.slice(0, marks[0]?.from ?? after.length);
  const first = options.find((o) => o.required) || options[0];
  if (loose.trim() && first && !marks.some((m) => m.option === first)) given.push({ option: first, raw: loose.replace(/^\s+/, ""), start: rest.length - after.length + 1 + (loose.length - loose.trimStart().length), loose: true });
  marks.forEach((m, i) => given.push({ option: m.option, raw: after.slice(m.value, marks[i + 1]?.from ?? after.length), start: 1 + command.name.length + m.value }));
  return { command, options, given, after };
}

function valueOf(option, raw) {
  const text = raw.trim();
  const same = (s) => s.toLowerCase() === text.toLowerCase();
  const choice = (option.choices || []).find((c) => same(c.label) || same(c.value));
  return choice?.value ?? picks.get(`${option.name}|${text}`) ?? text;
}

const argsOf = (given) => Object.fromEntries(given.filter((g) => g.raw.trim()).map((g) => [g.option.name, valueOf(g.option, g.raw)]));

// --- the popup ---

let entries = []; // { label, hint, note, run }
let active = -1;
let asked = 0;    // counts questions to the bot, so that a late answer is left out

async function suggest() {
  const b = box();
  const text = b.value;
  const mine = ++asked;
  if (editing) return close();
  const upToCaret = text.slice(0, b.selectionStart);
  if (text.startsWith("/") && !text.includes("\n")) return suggestCommand(text, mine);
  const mention = /(^|\s)@(\w*)$/.exec(upToCaret);
  if (mention) return suggestPeople(mention[2], upToCaret.length - mention[2].length);
  return close();
}

function suggestPeople(typed, at) {
  const found = [...app.people.values()].filter((p) => p.id !== app.me && !p.bot && p.name.toLowerCase().startsWith(typed.toLowerCase()));
  show("People", found.map((p) => ({
    value: p.id, label: `@${p.name}`, face: p, note: p.role,
    run: () => {
      const b = box();
      const rest = b.value.slice(b.selectionStart);
      b.value = `${b.value.slice(0, at)}${p.name} ${rest}`;
      b.selectionStart = b.selectionEnd = at + p.name.length + 1;
      edited();
    },
  })), 0);
}

function suggestCommand(text, mine) {
  const p = parse(text);
  if (!p.command) return suggestNames(p.typed);
  const signature = el("span", {}, el("b", {}, `/${p.command.name}`), p.options.map((o) => el("span", { class: "slot" }, o.required ? ` ${o.name}` : ` [${o.name}]`)));
  const last = p.given[p.given.length - 1];
  const settled = last && /\s$/.test(last.raw) && isChoice(last.option, last.raw);
  if (last && !settled && offers(last.option)) return suggestValues(signature, p, last, mine);
  const left = p.options.filter((o) => !p.given.some((g) => g.option === o && g.raw.trim()));
  if (last && !settled && !offers(last.option)) return show([signature, el("span", { class: "popup-hint" }, last.option.description)], [], -1);
  if (!text.endsWith(" ")) return show([signature, el("span", { class: "popup-hint" }, p.command.description)], [], -1);
  if (left.length === 1 && offers(left[0]) && p.options.length === 1) {
    return suggestValues(signature, p, { option: left[0], raw: "", start: text.length, loose: true }, mine);
  }
  const hint = left.length ? (left.some((o) => o.required) ? "Write it, then press Enter" : "Press Enter to ask, or choose more") : "Press Enter";
  const slots = left.filter(offers).map((o) => ({
    value: o.name, label: `${o.name}:`, note: o.description,
    run: () => { setText(`${text.trimEnd()} ${o.name}:`); edited(); },
  }));
  return show([signature, el("span", { class: "popup-hint" }, hint)], slots, -1);
}

const offers = (o) => (o.choices || []).length > 0 || o.completes;

function isChoice(option, raw) {
  const text = raw.trim().toLowerCase();
  return (option.choices || []).some((c) => c.label.toLowerCase() === text || c.value.toLowerCase() === text) || picks.has(`${option.name}|${raw.trim()}`);
}

function suggestNames(typed) {
  const all = typedCommands();
  if (!all.length) return show(el("span", {}, app.botHere ? "There are no commands here." : `${app.bot.name} is not here at the moment.`), [], -1);
  const want = typed.toLowerCase();
  const found = all.filter((c) => c.name.startsWith(want)).concat(all.filter((c) => !c.name.startsWith(want) && c.name.includes(want)));
  if (!found.length) return show("No such command", [], -1);
  return show(el("span", {}, `Ask ${app.bot.name}. The answer is for you alone.`), found.map((c) => ({
    value: c.name, label: `/${c.name}`, note: c.description, staff: c.staff,
    run: (andSend) => {
      const plain = !(c.options || []).length;
      setText(plain ? `/${c.name}` : `/${c.name} `);
      if (plain && andSend) submit();
      else edited();
    },
  })), 0);
}

function suggestValues(signature, p, slot, mine) {
  const typed = slot.raw.trim();
  const put = (o) => ({
    value: o.value, label: o.label, note: o.hint,
    run: (andSend) => {
      picks.set(`${slot.option.name}|${o.label}`, o.value);
      setText(`${box().value.slice(0, slot.start)}${o.label} `);
      if (andSend && p.options.length === 1) submit();
      else edited();
    },
  });
  const head = [signature, el("span", { class: "popup-hint" }, slot.option.description)];
  const highlight = typed || slot.option.required ? 0 : -1;
  if (!slot.option.completes) {
    const found = slot.option.choices.filter((c) => c.label.toLowerCase().includes(typed.toLowerCase()) || c.value.toLowerCase().includes(typed.toLowerCase()));
    return show(head, found.map(put), highlight);
  }
  show(head, [], -1);
  setTimeout(async () => {
    if (mine !== asked) return;
    try {
      const args = argsOf(p.given.filter((g) => g !== slot));
      const { options } = await send("complete", { place: app.place, name: p.command.name, args, option: slot.option.name, typed });
      if (mine === asked) show(head, (options || []).map(put), highlight);
    } catch { /* it can be typed in full */ }
  }, waitBeforeAsking);
  return undefined;
}

function show(head, list, highlight) {
  entries = list;
  active = list.length ? Math.min(highlight, list.length - 1) : -1;
  fill(byId("popup-head"), head);
  fill(byId("popup-list"), list.map((e, i) => el("li", {
    role: "option", tabindex: "-1", id: `popup-${i}`, testid: "popup-item", data: { value: e.value }, aria: { selected: "false" },
    onpointerdown: (event) => event.preventDefault(),
    onclick: () => e.run(true),
  }, e.face && avatar(e.face, "small"), el("span", { class: "popup-label" }, e.label), e.staff && el("span", { class: "tag staff" }, "staff"), e.note && el("span", { class: "popup-note" }, e.note))));
  byId("popup").hidden = false;
  if (list.length) announce(list.length === 1 ? "1 suggestion" : `${list.length} suggestions`);
  mark();
}

function mark() {
  [...byId("popup-list").children].forEach((n, i) => n.setAttribute("aria-selected", String(i === active)));
  if (active >= 0) {
    box().setAttribute("aria-activedescendant", `popup-${active}`);
    byId(`popup-${active}`).scrollIntoView({ block: "nearest" });
  } else box().removeAttribute("aria-activedescendant");
}

function close() {
  asked++;
  entries = [];
  active = -1;
  byId("popup").hidden = true;
  box().removeAttribute("aria-activedescendant");
}

// --- sending ---

function edited() {
  grow();
  clearProblem();
  suggest();
}

async function submit() {
  const text = box().value;
  close();
  clearProblem();
  if (!text.trim()) return;
  try {
    if (editing) await sendEdit(text);
    else if (text.startsWith("/")) await sendCommand(text);
    else await sendMessage(text);
  } catch (problem) {
    problemIn(problem);
    if (!box().value) setText(text);
  }
}

async function sendEdit(text) {
  await send("edit", { place: editing.place, id: editing.id, text });
  editing = null;
  drawBar();
  setText("");
}

async function sendMessage(text) {
  const to = replying;
  setText("");
  await send("say", { place: app.place, text, replyTo: to?.id });
  if (replying === to) { replying = null; drawBar(); }
}

async function sendCommand(text) {
  const p = parse(text);
  if (!p.command) throw new Error(typedCommands().length ? "There is no such command. Type / to see them all." : `${app.bot.name} is not here at the moment. Try again soon.`);
  if (p.after.trim() && !p.options.length) throw new Error(`/${p.command.name} takes nothing more.`);
  setText("");
  const { interaction } = await send("command", { place: app.place, name: p.command.name, args: argsOf(p.given) });
  announce(`Asked ${app.bot.name}. Only you will see the answer.`);
  await expect(interaction);
}

export function setUpWriting() {
  const b = box();
  b.addEventListener("input", edited);
  b.addEventListener("blur", () => setTimeout(() => { if (document.activeElement !== b) close(); }, 100));
  b.addEventListener("focus", suggest);
  byId("write").addEventListener("submit", (event) => { event.preventDefault(); submit(); });
  // Enter is taken here and not at the key: phones send no key for it.
  let newLine = false;
  b.addEventListener("beforeinput", (event) => {
    if (event.inputType !== "insertLineBreak" || newLine) return;
    event.preventDefault();
    if (active >= 0) entries[active].run(true);
    else submit();
  });
  b.addEventListener("keydown", (event) => {
    newLine = false;
    if (event.isComposing) return;
    if (entries.length && ["ArrowDown", "ArrowUp"].includes(event.key)) {
      event.preventDefault();
      const step = event.key === "ArrowDown" ? 1 : -1;
      active = (active + step + (active < 0 && step < 0 ? 1 : 0) + entries.length) % entries.length;
      mark();
    } else if (entries.length && event.key === "Tab" && !event.shiftKey) {
      event.preventDefault();
      entries[Math.max(active, 0)].run(false);
    } else if (event.key === "Enter") {
      newLine = event.shiftKey;
    } else if (event.key === "Escape") {
      if (!byId("popup").hidden) close();
      else if (replying || editing) stopReply();
    } else if (event.key === "ArrowUp" && !b.value) {
      const mine = (app.messages.get(app.place) || []).filter((m) => m.author === app.me && !m.card);
      if (mine.length) { event.preventDefault(); editMessage(mine[mine.length - 1]); }
    }
  });
}

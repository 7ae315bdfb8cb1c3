// The place that is open: its heading, its messages, and what can be done
// with a message.

import { app, person, placeLabel, send } from "./app.js";
import { announce, avatar, byId, el, fill, icon, rove, when } from "./dom.js";
import { card, note } from "./card.js";
import { confirm, expect, problemIn } from "./ask.js";
import { editMessage, replyTo } from "./write.js";

const nodes = new Map(); // key -> node of the place that is open
const near = 120; // pixels from the end at which new messages are followed
const air = 24; // pixels around an entry that is shown on purpose
const together = 7 * 60_000; // messages of one person within this stand together

let newFrom = 0; // the number of the first message that was unread on entering

export function openRoom(id, target) {
  const place = app.places.get(id);
  app.place = id;
  newFrom = firstUnread(id);
  const heading = byId("place-title");
  fill(heading, icon(placeIcon(place)), el("span", {}, place.direct ? placeLabel(place) : place.name));
  byId("place-topic").textContent = place.topic;
  drawReaders(place);
  const list = byId("messages");
  list.setAttribute("aria-label", `Messages in ${placeLabel(place)}`);
  drawAll();
  if (!target || !highlight(target)) toEnd();
  markRead();
  drawTyping();
}

export function placeIcon(p) {
  if (p.direct) return "direct";
  if (p.private) return "lock";
  return p.parent ? "thread" : "hash";
}

function firstUnread(id) {
  const seen = app.read[id] || 0;
  const first = (app.messages.get(id) || []).find((m) => m.n > seen && m.author !== app.me);
  return first ? first.n : 0;
}

function drawReaders(place) {
  const node = byId("readers");
  const staff = [...app.people.values()].filter((p) => p.moderator).map((p) => p.id);
  const others = place.readers.filter((r) => !staff.includes(r));
  node.className = "readers";
  if (place.direct) fill(node, icon("lock"), `You and ${app.bot.name}`);
  else if (!place.private) fill(node, icon("eye"), "Everyone can read this");
  else if (!others.length) { node.classList.add("staff"); fill(node, icon("lock"), "Staff only"); }
  else { node.classList.add("open"); fill(node, icon("alert"), others.length > 1 ? "Everyone can read this!" : `${person(others[0]).name} can read this!`); }
  if (!place.private && !place.direct) node.firstChild.remove();
}

// items are what the open place shows, in order: messages, and private
// answers. What hangs under a card follows it.
function items() {
  const messages = app.messages.get(app.place) || [];
  const present = new Set(messages.map((m) => m.id));
  const under = new Map();
  const top = [];
  for (const m of messages) {
    if (m.under && present.has(m.under)) under.set(m.under, [...(under.get(m.under) || []), m]);
    else top.push({ n: m.n, message: m, key: `m${m.id}` });
  }
  for (const p of app.private.values()) {
    if (p.place === app.place) top.push({ n: p.n, private: p, key: p.id });
  }
  top.sort((a, b) => a.n - b.n);
  return { top, under };
}

export function drawAll() {
  nodes.clear();
  byId("messages").replaceChildren();
  draw();
}

// draw brings the list up to date; it touches only what changed.
export function draw() {
  const list = byId("messages");
  const { top, under } = items();
  const keep = new Set();
  let previous = null;
  let at = list.firstChild;
  for (const item of top) {
    const follows = item.message && previous?.message && continues(previous.message, item.message);
    const version = JSON.stringify([item.message || item.private, follows, item.message ? under.get(item.message.id) : 0, item.n === newFrom, item.message?.replyTo && original(item.message.replyTo)?.text]);
    keep.add(item.key);
    let entry = nodes.get(item.key);
    if (!entry || entry.version !== version) {
      const node = item.message ? row(item.message, follows, under.get(item.message.id)) : note(item.private);
      if (item.message && item.n === newFrom) node.prepend(el("div", { class: "new-line", role: "separator" }, el("span", {}, "New")));
      if (entry) swap(entry.node, node);
      if (at === entry?.node) at = node;
      entry = { node, version };
      nodes.set(item.key, entry);
    }
    if (entry.node !== at) list.insertBefore(entry.node, at);
    else at = at.nextSibling;
    previous = item;
  }
  for (const [key, entry] of nodes) {
    if (!keep.has(key)) { drop(entry.node); nodes.delete(key); }
  }
  if (!list.children.length) list.append(el("li", { class: "empty" }, empty()));
  else list.querySelector(":scope > .empty")?.remove();
  const all = list.querySelectorAll(":scope > li[tabindex]");
  if (all.length && ![...all].some((n) => n.tabIndex === 0)) all[all.length - 1].tabIndex = 0;
}

function empty() {
  const place = app.places.get(app.place);
  if (place.direct) return `Nothing here yet. This is where ${app.bot.name} can write to you alone.`;
  return "Nothing here yet.";
}

const continues = (a, b) => a.author === b.author && !b.replyTo && !b.card && !a.card && new Date(b.time) - new Date(a.time) < together;

// swap puts a new version in the place of the old one, and keeps the focus.
function swap(old, now) {
  const focused = old.contains(document.activeElement) ? document.activeElement : null;
  const key = focused?.dataset.key;
  now.tabIndex = old.tabIndex;
  old.replaceWith(now);
  if (!focused) return;
  const same = key && [...now.querySelectorAll("[data-key]")].find((n) => n.dataset.key === key);
  (same || now).focus({ preventScroll: true });
}

function drop(node) {
  const had = node.contains(document.activeElement);
  node.remove();
  if (had) byId("composer").focus();
}

function row(m, follows, below) {
  const who = person(m.author);
  const mine = m.author === app.me;
  const called = !mine && ((m.mentions || []).includes(app.me) || m.replyTo?.author === app.me);
  return el("li", {
    class: `message${follows ? " follows" : ""}${called ? " called" : ""}`, testid: "message", tabindex: "-1",
    data: { id: m.id, author: m.author, place: m.place },
    aria: { label: `${who.name}, ${when(m.time)}: ${m.card ? m.card.title : m.text}${m.edited ? " (edited)" : ""}` },
    onkeydown: (event) => { if ((event.key === "ContextMenu" || event.key === "F10" && event.shiftKey) && event.target === event.currentTarget) { event.preventDefault(); openMenu(event.currentTarget.querySelector(".message-menu"), m); } },
  },
  m.replyTo && reply(m.replyTo),
  el("div", { class: "message-row" },
    follows ? el("time", { class: "gutter", datetime: m.time }, when(m.time)) : avatar(who),
    el("div", { class: "message-body" },
      !follows && el("p", { class: "byline" },
        el("span", { class: "author", data: { who: who.id } }, who.name),
        who.bot ? el("span", { class: "tag bot" }, "bot") : el("span", { class: `tag ${who.moderator ? "staff" : ""}` }, who.tag),
        el("time", { datetime: m.time }, when(m.time))),
      m.card ? card(m.card, { place: m.place, id: m.id })
        : el("p", { class: "text", testid: "message-text" }, words(m.text, m.mentions), m.edited && el("span", { class: "edited" }, " (edited)")),
      below && el("ol", { class: "below", aria: { label: "Notes under this card" } }, below.map(note2)))),
  el("div", { class: "tools" },
    !m.card && tool("reply", "Reply", () => replyTo(m)),
    mine && !m.card && tool("edit", "Edit", () => editMessage(m)),
    el("button", {
      type: "button", class: "icon-button message-menu", testid: "message-menu", aria: { label: `More for this message by ${who.name}`, haspopup: "menu" },
      onclick: (event) => openMenu(event.currentTarget, m),
    }, icon("more"))));
}

const tool = (name, label, onclick) => el("button", { type: "button", class: "icon-button", title: label, aria: { label }, onclick }, icon(name));

function note2(m) {
  return el("li", { class: "below-item", testid: "message", data: { id: m.id, author: m.author, place: m.place } },
    m.card ? card(m.card, { place: m.place, id: m.id }) : el("p", { class: "text" }, m.text),
    el("time", { datetime: m.time }, when(m.time)));
}

const original = (to) => (app.messages.get(app.place) || []).find((m) => m.id === to.id);

function reply(to) {
  const first = original(to);
  const text = first ? (first.card ? first.card.title : first.text) : "a message that was deleted";
  return el("p", { class: "reply" }, el("span", { class: "reply-line", aria: { hidden: "true" } }),
    el("span", { class: "unseen" }, "In reply to "), el("b", {}, person(to.author).name), el("span", { class: "reply-text" }, text));
}

// words marks the people who are named; all the rest stays plain text.
function words(text, names) {
  if (!names?.length) return text;
  const out = [];
  let rest = text;
  while (rest) {
    let at = -1, tag = "", who = "";
    for (const id of names) {
      const t = `@${person(id).name}`;
      const i = rest.toLowerCase().indexOf(t.toLowerCase());
      if (i >= 0 && (at < 0 || i < at)) { at = i; tag = rest.slice(i, i + t.length); who = id; }
    }
    if (at < 0) { out.push(rest); break; }
    out.push(rest.slice(0, at), el("span", { class: `mention${who === app.me ? " me" : ""}` }, tag));
    rest = rest.slice(at + tag.length);
  }
  return out;
}

// --- the menu of a message ---

let menuOf = null;

function openMenu(button, m) {
  const menu = byId("message-menu");
  if (menuOf === button) { closeMenu(); return; }
  const mine = m.author === app.me;
  const staff = person(app.me).moderator;
  const entries = [
    !m.card && { label: "Reply", icon: "reply", run: () => replyTo(m) },
    mine && !m.card && { label: "Edit", icon: "edit", run: () => editMessage(m) },
    (mine || staff) && { label: "Delete", icon: "trash", danger: true, run: () => remove(m) },
    ...app.commands.filter((c) => c.onMessage && !m.card && !mine).map((c) => ({ label: c.name, icon: "flag", run: () => command(c, m) })),
  ].filter(Boolean);
  if (!entries.length) entries.push({ label: "Nothing to do here", icon: "info", run: () => {} });
  fill(menu, entries.map((e) => el("button", {
    type: "button", role: "menuitem", tabindex: "-1", class: e.danger ? "danger" : "", testid: "menu-item", data: { label: e.label },
    onclick: () => { closeMenu(); e.run(); },
  }, icon(e.icon), e.label)));
  menu.hidden = false;
  menuOf = button;
  button.setAttribute("aria-expanded", "true");
  const at = button.getBoundingClientRect();
  const top = at.bottom + menu.offsetHeight + 8 > innerHeight ? at.top - menu.offsetHeight - 4 : at.bottom + 4;
  menu.style.top = `${Math.max(8, top)}px`;
  menu.style.left = `${Math.max(8, Math.min(at.right - menu.offsetWidth, innerWidth - menu.offsetWidth - 8))}px`;
  menu.firstChild.focus();
}

function closeMenu(focus) {
  const menu = byId("message-menu");
  if (menu.hidden) return;
  menu.hidden = true;
  menuOf?.removeAttribute("aria-expanded");
  if (focus && menuOf?.isConnected) menuOf.focus();
  menuOf = null;
}

async function remove(m) {
  const text = m.author === app.me ? "It cannot be brought back." : "It cannot be brought back, and it may be evidence that somebody needs. Staff would usually leave it.";
  if (!await confirm("Delete this message?", text, "Delete")) return;
  send("delete", { place: m.place, id: m.id }).catch(problemIn);
}

async function command(c, m) {
  try {
    const { interaction } = await send("command", { place: m.place, name: c.name, id: m.id });
    await expect(interaction);
  } catch (problem) {
    problemIn(problem);
  }
}

// --- moving about ---

export function highlight(id) {
  draw();
  const node = byId("messages").querySelector(`[data-id="${CSS.escape(id)}"]`);
  if (!node) return false;
  node.scrollIntoView({ block: "center" });
  node.classList.remove("lit");
  void node.offsetWidth; // so that the light goes on again
  node.classList.add("lit");
  node.focus({ preventScroll: true });
  return true;
}

// end is where the newest entry is read from: the bottom of the list, or the
// top of that entry where it is taller than the view.
function end() {
  const s = byId("scroll");
  const bottom = s.scrollHeight - s.clientHeight;
  const last = byId("messages").lastElementChild;
  if (!last || last.offsetHeight < s.clientHeight - air) return bottom;
  return Math.max(0, Math.min(bottom, last.offsetTop - air / 2));
}

export const atEnd = () => byId("scroll").scrollTop >= end() - near;

export function toEnd() {
  byId("scroll").scrollTop = end();
  byId("latest").hidden = true;
}

// reveal shows a private answer from its beginning.
export function reveal(id) {
  const node = nodes.get(id)?.node;
  if (!node) return;
  const s = byId("scroll");
  const top = node.offsetTop - air / 2;
  const bottom = node.offsetTop + node.offsetHeight + air / 2 - s.clientHeight;
  if (s.scrollTop > top || s.scrollTop < bottom) s.scrollTop = Math.min(top, bottom > s.scrollTop ? bottom : top);
}

// changed draws what came in, follows the end where the reader is there, and
// reads it out.
export function changed({ fresh } = {}) {
  const follow = atEnd();
  draw();
  if (follow) toEnd();
  else if (fresh) byId("latest").hidden = false;
  if (follow) markRead();
}

export function readOut(m) {
  if (m.author === app.me) return;
  announce(`${person(m.author).name}: ${m.card ? m.card.title : m.text}`);
}

let marking = 0;
export function markRead() {
  const last = (app.messages.get(app.place) || []).reduce((n, m) => Math.max(n, m.n), 0);
  if (document.hidden || last <= (app.read[app.place] || 0) || last === marking) return;
  marking = last;
  app.read[app.place] = last;
  send("read", { place: app.place, upTo: last }).catch(() => {}); // the next look at the place tries again
}

export function drawTyping() {
  const s = app.story;
  const story = s && app.stories.find((x) => x.id === s.id);
  const node = byId("typing");
  const shows = s?.status === "playing" && s.next && story?.place === app.place && s.next !== app.me;
  fill(node, shows && [el("span", { class: "dots" }, el("i"), el("i"), el("i")), `${person(s.next).name} is typing`]);
}

export function setUpRoom() {
  rove(byId("messages"), ":scope > li[tabindex], #messages > li[tabindex]");
  const menu = byId("message-menu");
  menu.addEventListener("keydown", (event) => {
    const all = [...menu.children];
    const i = all.indexOf(document.activeElement);
    const to = { ArrowDown: (i + 1) % all.length, ArrowUp: (i + all.length - 1) % all.length, Home: 0, End: all.length - 1 }[event.key];
    if (to !== undefined) { event.preventDefault(); all[to].focus(); }
    if (event.key === "Escape" || event.key === "Tab") { event.preventDefault(); closeMenu(true); }
  });
  document.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target) && !menuOf?.contains(event.target)) closeMenu();
  });
  byId("scroll").addEventListener("scroll", () => {
    closeMenu();
    if (atEnd()) { byId("latest").hidden = true; markRead(); }
  }, { passive: true });
  byId("latest").addEventListener("click", () => { toEnd(); markRead(); byId("composer").focus(); });
  document.addEventListener("visibilitychange", () => { if (!document.hidden && app.place && atEnd()) markRead(); });
}

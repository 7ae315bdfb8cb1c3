// The playground's page: who the visitor is, what is open, and what came in.

import { app, person, takeMessage, takeState } from "./app.js";
import { announce, avatar, byId, el, fill, icon, paintIcons } from "./dom.js";
import { getState, Stream } from "./net.js";
import { problemIn, takeOutcome } from "./ask.js";
import * as room from "./room.js";
import * as side from "./side.js";
import * as write from "./write.js";
import * as guide from "./guide.js";

let stream = null;
let entering = 0;

// --- who, and where ---

const inAddress = () => {
  const [place, message] = decodeURIComponent(location.hash.slice(1)).split("/");
  return { as: new URLSearchParams(location.search).get("as") || "", place, message };
};

function setAddress(as, place, push) {
  const url = `/?as=${encodeURIComponent(as)}#${encodeURIComponent(place)}`;
  if (push) history.pushState(null, "", url);
  else history.replaceState(null, "", url);
}

// become makes the visitor somebody, in this tab alone.
async function become(as, place, { quiet } = {}) {
  const changes = as !== app.me;
  if (changes || !app.place) {
    await load(as);
    write.forgetDrafts();
  }
  const to = app.places.has(place) ? place : app.places.has(app.place) ? app.place : "general";
  open(to);
  if (changes && !quiet) announce(`You are ${person(as).name} now.`);
}

// load takes the whole state as somebody sees it, and follows it from there.
async function load(as) {
  const mine = ++entering;
  const state = await getState(as);
  if (mine !== entering) return;
  stream?.close();
  takeState(state);
  stream = new Stream({ as, at: state.at, on: take, live: setLive });
  byId("welcome").hidden = true;
  byId("skip").hidden = false;
  const community = byId("community");
  community.hidden = false;
  community.dataset.me = as;
  byId("community-name").textContent = app.name;
  side.drawPersonas((id) => become(id));
  guide.drawStories();
  guide.drawTasks((text) => { byId("composer").value = text; byId("composer").focus(); byId("composer").dispatchEvent(new Event("input")); });
  guide.drawWhatIf();
  guide.drawPlayer();
  drawOffline();
}

// reload is for when too much changed to follow it piece by piece.
async function reload() {
  const place = app.place;
  try {
    await load(app.me);
  } catch (problem) {
    problemIn(problem);
    return;
  }
  if (app.places.has(place)) {
    const follow = room.atEnd();
    room.openRoom(place);
    if (!follow) byId("latest").hidden = false;
    side.drawPlaces();
  } else open("general");
}

function open(place, message) {
  const before = app.place;
  setAddress(app.me, place, before && before !== place);
  room.openRoom(place, message);
  if (before !== place || !byId("composer").placeholder.includes(person(app.me).name)) write.openPlaceToWrite(before);
  side.drawPlaces();
}

// --- what came in ---

function take(kind, data) {
  switch (kind) {
    case "message": return takeOne(data);
    case "deleted":
      app.messages.set(data.place, (app.messages.get(data.place) || []).filter((m) => m.id !== data.id));
      return refresh(data.place);
    case "private": {
      app.private.set(data.id, data);
      refresh(data.place, true);
      if (data.place !== app.place) return undefined;
      room.reveal(data.id);
      return data.card && announce(`Only you can see this. ${data.card.title}`);
    }
    case "private-gone":
      app.private.delete(data.id);
      return refresh(data.place);
    case "interaction": return takeOutcome(data);
    case "read":
      app.read[data.place] = Math.max(app.read[data.place] || 0, data.upTo);
      return side.drawPlaces();
    case "story":
      app.story = data;
      guide.drawPlayer();
      return room.drawTyping();
    case "bot":
      app.botHere = data.here;
      return drawOffline();
    case "reset": return reload();
  }
}

function takeOne(m) {
  const fresh = takeMessage(m);
  refresh(m.place, fresh);
  if (fresh && m.place === app.place) room.readOut(m);
  if (fresh && m.notify && m.place !== app.place && app.places.has(m.place)) announce(`New in ${app.places.get(m.place).name}: ${m.card ? m.card.title : "a message"}`);
}

function refresh(place, fresh) {
  if (place === app.place) room.changed({ fresh });
  side.drawPlaces();
}

let live = true;
function setLive(yes) {
  live = yes;
  byId("community").dataset.live = yes ? "yes" : "no";
  drawOffline();
}

let offlineTimer, offlineText = "";
const patience = 1500; // ms of silence that need no words
function drawOffline() {
  const text = !live ? "The connection is gone. Trying again…"
    : app.botHere ? "" : `${app.bot.name} is not here at the moment. Messages wait for it.`;
  if (text === offlineText) return;
  offlineText = text;
  clearTimeout(offlineTimer);
  const node = byId("offline");
  if (!text) { node.hidden = true; return; }
  offlineTimer = setTimeout(() => { node.textContent = text; node.hidden = false; }, patience);
}

// --- the first screen ---

async function welcome() {
  const state = await getState("");
  takeState(state);
  byId("welcome").hidden = false;
  byId("skip").hidden = true;
  byId("community-about").textContent = `${state.name}: ${state.about.charAt(0).toLowerCase()}${state.about.slice(1)} Everyone in it is invented.`;
  const wanted = inAddress();
  fill(byId("pick"), state.people.map((p) => el("li", {}, el("button", {
    type: "button", class: "person", testid: `pick-${p.id}`, onclick: () => start(p.id, wanted.place || "welcome", wanted.message),
  }, avatar(p, "large"), el("span", {}, el("b", {}, p.name), el("span", { class: "person-role" }, /^\d+$/.test(p.tag) ? `${p.role}, ${p.tag}` : p.role), el("span", { class: "person-about" }, p.about))))));
  byId("pick").append(el("li", {}, el("button", {
    type: "button", class: "person show-me", testid: "start-story", onclick: async () => { await start("robin", "gaming"); guide.play(app.stories[0].id); },
  }, el("span", { class: "avatar large" }, icon("play")), el("span", {}, el("b", {}, "Just show me"), el("span", { class: "person-about" }, "Play a story, as Robin. It takes a minute.")))));
}

async function start(as, place, message) {
  try {
    await become(as, place, { quiet: true });
    if (message) room.highlight(message);
    byId("composer").focus({ preventScroll: true });
  } catch (problem) {
    problemIn(problem);
  }
}

// --- light and dark ---

const themes = { auto: "As on this computer", light: "Light", dark: "Dark" };

function setTheme(name) {
  document.documentElement.dataset.theme = name;
  const button = byId("theme");
  button.title = `Colours: ${themes[name].toLowerCase()}`;
  button.setAttribute("aria-label", `Colours: ${themes[name]}. Change`);
  try { localStorage.setItem("theme", name); } catch { /* it is kept for this visit alone */ }
}

function setUpTheme() {
  let kept = "auto";
  try { kept = localStorage.getItem("theme") || "auto"; } catch { /* as above */ }
  setTheme(themes[kept] ? kept : "auto");
  byId("theme").addEventListener("click", () => {
    const dark = document.documentElement.dataset.theme === "dark"
      || document.documentElement.dataset.theme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches;
    setTheme(dark ? "light" : "dark");
  });
}

// --- start ---

async function boot() {
  paintIcons(document);
  setUpTheme();
  room.setUpRoom();
  write.setUpWriting();
  const closeSide = side.setUpSide((id) => become(id));
  const closeGuide = guide.setUpGuide((as, place) => become(as, place).catch(problemIn));
  const closeAll = () => { closeSide(); closeGuide(); };
  byId("veil").addEventListener("click", closeAll);
  document.addEventListener("keydown", (event) => { if (event.key === "Escape" && !byId("veil").hidden) closeAll(); });
  addEventListener("hashchange", () => {
    const { place, message } = inAddress();
    if (!app.me) return;
    if (app.places.has(place)) { open(place, message); byId("composer").focus({ preventScroll: true }); if (message) room.highlight(message); }
    else if (place && place !== "composer") { problemIn(new Error("There is no such place, or you cannot see it.")); setAddress(app.me, app.place); }
  });
  addEventListener("popstate", () => {
    const { as, place } = inAddress();
    if (as && as !== app.me) become(as, place).catch(problemIn);
  });
  byId("skip").addEventListener("click", (event) => { event.preventDefault(); byId("composer").focus(); });
  const { as, place, message } = inAddress();
  try {
    if (!as) return await welcome();
    await become(as, place || "welcome", { quiet: true });
    if (message) room.highlight(message);
  } catch (problem) {
    if (as) { history.replaceState(null, "", "/"); return welcome().catch(problemIn); }
    problemIn(problem);
  }
  return undefined;
}

boot();

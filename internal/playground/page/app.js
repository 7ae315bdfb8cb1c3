// What the page knows at the moment, for the parts that draw it.

import { post } from "./net.js";

export const app = {
  me: "",          // who the visitor is in this tab
  place: "",       // the place that is open
  people: new Map(),
  places: new Map(),
  messages: new Map(), // place -> messages in order
  private: new Map(),  // id -> private answer
  read: {},        // place -> the number of the last message seen
  commands: [],
  stories: [],
  story: null,
  staffRoom: "staff",
  botHere: false,
  maxText: 4000,
  name: "",
  // Forms open in the tab that asked for them alone.
  tab: `t${Math.random().toString(36).slice(2)}`,
};

export const person = (id) => app.people.get(id) || { id, name: "Somebody who left", tag: "" };

// send asks the server for something in the name of the person of this tab.
export const send = (path, body) => post(path, { as: app.me, tab: app.tab, ...body });

export function takeState(state) {
  app.me = state.me || "";
  app.name = state.name;
  app.people = new Map(state.people.map((p) => [p.id, p]));
  app.people.set(state.bot.id, state.bot);
  app.bot = state.bot;
  app.places = new Map((state.places || []).map((p) => [p.id, p]));
  app.messages = new Map([...app.places.keys()].map((id) => [id, []]));
  for (const m of state.messages || []) app.messages.get(m.place)?.push(m);
  app.private = new Map((state.private || []).map((p) => [p.id, p]));
  app.read = state.read || {};
  app.commands = state.commands || [];
  app.stories = state.stories;
  app.story = state.story;
  app.staffRoom = state.staffRoom;
  app.botHere = state.botHere;
  app.maxText = state.maxText;
}

// takeMessage keeps a message or its new version, and says whether it is new.
export function takeMessage(m) {
  const all = app.messages.get(m.place);
  if (!all) return false;
  const i = all.findIndex((x) => x.id === m.id);
  if (i >= 0) { all[i] = m; return false; }
  all.push(m);
  if (all.length > 500) all.splice(0, all.length - 500);
  return true;
}

// unread counts what waits in a place: all messages of others, and those that
// call for attention.
export function unread(place) {
  const seen = app.read[place] || 0;
  let all = 0, calls = 0;
  for (const m of app.messages.get(place) || []) {
    if (m.n <= seen || m.author === app.me) continue;
    all++;
    if (m.notify || (m.mentions || []).includes(app.me) || app.places.get(place)?.direct) calls++;
  }
  return { all, calls };
}

export function placeLabel(p) {
  if (p.direct) return app.bot.name;
  return p.name;
}

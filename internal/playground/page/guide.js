// The guide beside the community: stories, things to try, and what if the
// staff room is not private. It is the visitor's, not a person's of the
// community; the bot knows nothing of it.

import { app, person } from "./app.js";
import { announce, byId, el, fill, icon } from "./dom.js";
import { post } from "./net.js";
import { problemIn } from "./ask.js";

const story = (what) => post("story", what).catch(problemIn);
let pace = "normal";
let goTo = () => {};

export function play(id) {
  const s = app.stories.find((x) => x.id === id);
  goTo(app.me, s.place);
  return story({ do: "start", story: id, pace });
}

export function drawStories() {
  fill(byId("stories"), app.stories.map((s) => el("li", {},
    el("button", { type: "button", class: "story", testid: `story-${s.id}`, onclick: () => { play(s.id); closeOnNarrow(); } },
      el("span", { class: "story-play" }, icon("play")),
      el("span", {}, el("b", {}, s.title), el("span", { class: "story-summary" }, s.summary))))));
}

let drawn = "";

export function drawPlayer() {
  const now = app.story;
  const s = now && app.stories.find((x) => x.id === now.id);
  const version = JSON.stringify([now, app.me]);
  if (version === drawn) return;
  const was = drawn && JSON.parse(drawn)[0];
  drawn = version;
  const slot = byId("player"), strip = byId("strip");
  const focused = [slot, strip].find((n) => n.contains(document.activeElement));
  const key = focused && document.activeElement.dataset.testid;
  strip.hidden = !s;
  if (!s) { fill(slot); fill(strip); return; }
  const over = now.status === "done" || now.status === "stopped";
  fill(slot, player(s, now, over));
  fill(strip, stripOf(s, now, over));
  if (key) (focused.querySelector(`[data-testid="${key}"]`) || focused.querySelector("button"))?.focus();
  if (over && was && was.status !== now.status) announce(`The story is over. ${outcome(now)}`);
}

function controls(now) {
  const running = now.status === "playing";
  return [
    el("button", { type: "button", class: "icon-button", testid: "story-pause", aria: { label: running ? "Pause the story" : "Go on with the story" }, title: running ? "Pause" : "Go on", onclick: () => story({ do: running ? "pause" : "resume" }) }, icon(running ? "pause" : "play")),
    el("button", { type: "button", class: "icon-button", testid: "story-next", aria: { label: "Next line now" }, title: "Next line", onclick: () => story({ do: "next" }) }, icon("next")),
    el("button", { type: "button", class: "icon-button", testid: "story-stop", aria: { label: "Stop the story" }, title: "Stop", onclick: () => story({ do: "stop" }) }, icon("stop")),
  ];
}

function progress(now) {
  const p = el("progress", { max: String(now.of), value: String(now.step), aria: { label: "How far the story is told" } });
  return p;
}

function player(s, now, over) {
  return el("section", { class: `player${over ? " over" : ""}`, testid: "story-player", data: { status: now.status, step: String(now.step) }, aria: { label: `Story: ${s.title}` } },
    el("p", { class: "player-kind" }, over ? (now.status === "done" ? "What just happened" : "Stopped") : now.status === "paused" ? "Paused" : "Now playing"),
    el("h3", {}, s.title),
    !over && progress(now),
    !over && el("div", { class: "player-controls" }, controls(now), speed(now)),
    over ? explanation(s, now) : el("p", { class: "small quiet" }, `Line ${now.step} of ${now.of} in #${s.place}. The people in it type as you would; Waymark sees only their messages.`));
}

function speed(now) {
  const node = el("select", { testid: "story-pace", onchange: (event) => { pace = event.currentTarget.value; story({ do: "pace", pace }); } },
    el("option", { value: "slow" }, "Slow"), el("option", { value: "normal" }, "Normal"), el("option", { value: "fast" }, "Fast"));
  node.value = now.pace || "normal";
  return el("label", { class: "select" }, el("span", { class: "unseen" }, "Pace"), node);
}

const cards = (n) => (n === 1 ? "1 card" : `${n} cards`);

// outcome says what the server counted; it is not part of the story.
function outcome(now) {
  const { staff, direct, public: open, added } = now.posted;
  const where = [staff && `${cards(staff)} in the staff room`, direct && `${cards(direct)} in direct messages`, open && `${cards(open)} where everyone can read`].filter(Boolean);
  const more = added ? ` It added to ${where.length ? "it" : "an earlier card"} ${added === 1 ? "once" : `${added} times`}.` : "";
  if (!where.length) return `${app.bot.name} posted nothing new.${more}`;
  return `${app.bot.name} posted ${where.join(", ")}, and nothing anywhere else.${more}`;
}

function explanation(s, now) {
  const to = person(s.look.as);
  const place = s.look.place;
  return el("div", { class: "explain", testid: "story-explain" },
    el("p", { class: "outcome", testid: "story-outcome" }, outcome(now)),
    now.status === "done" && el("ul", {}, s.explain.map((x) => el("li", {}, x))),
    el("div", { class: "explain-actions" },
      el("button", { type: "button", class: "button primary", testid: "look", onclick: () => { closeOnNarrow(); goTo(s.look.as, place); } }, `Look as ${to.name}`),
      el("button", { type: "button", class: "button", testid: "story-close", onclick: () => story({ do: "close" }) }, "Close")));
}

// stripOf is the player for screens that have no room for the guide.
function stripOf(s, now, over) {
  return [
    el("span", { class: "strip-title" }, el("b", {}, s.title), over ? "" : ` ${now.step}/${now.of}`),
    over ? [
      el("button", { type: "button", class: "button primary", onclick: openGuide }, "What happened?"),
      el("button", { type: "button", class: "icon-button", aria: { label: "Close the story" }, onclick: () => story({ do: "close" }) }, icon("close")),
    ] : controls(now),
  ];
}

const tasks = [
  { as: "robin", place: "general", text: "/support ", title: "Ask who to talk to", note: "As Robin: /support" },
  { as: "sam", place: "general", text: "/report", title: "Tell staff in private", note: "As Sam: /report" },
  { as: "morgan", place: "staff-room", text: "", title: "Deal with an alert", note: "As Morgan, in the staff room" },
];

export function drawTasks(write) {
  fill(byId("tasks"), tasks.map((t) => el("li", {}, el("button", {
    type: "button", class: "task", onclick: async () => { closeOnNarrow(); await goTo(t.as, t.place); write(t.text); },
  }, el("b", {}, t.title), el("span", {}, t.note)))));
}

const states = [
  ["staff", "It is private", "As it should be."],
  ["newcomer", "Alex was let in", "A mistake that happens."],
  ["everyone", "Everyone can read it", "Somebody changed the wrong setting."],
  ["no-bot", "Waymark may not write there", "Its permission was taken away."],
];

export function drawWhatIf() {
  const set = byId("what-if");
  if (set.querySelector("label")) {
    for (const input of set.querySelectorAll("input")) input.checked = input.value === app.staffRoom;
    return;
  }
  set.append(...states.map(([value, title, text]) => {
    const input = el("input", {
      type: "radio", name: "what-if", value, testid: `staff-room-${value}`,
      onchange: () => post("staff-room", { state: value }).catch(problemIn),
    });
    input.checked = value === app.staffRoom;
    return el("label", { class: "choice" }, input, el("span", {}, el("b", {}, title), el("span", {}, text)));
  }));
}

let openGuide = () => {}, closeOnNarrow = () => {};

export function setUpGuide(go) {
  goTo = go;
  const guide = byId("guide"), button = byId("guide-open"), veil = byId("veil");
  const narrow = matchMedia("(max-width: 1099px)");
  const set = (open) => {
    document.body.classList.toggle("guide-open", open);
    button.setAttribute("aria-expanded", String(open));
    veil.hidden = !open;
    byId("room").inert = open;
    if (open) byId("guide-close").focus();
    guide.scrollTop = 0;
  };
  openGuide = () => set(true);
  closeOnNarrow = () => { if (narrow.matches) set(false); };
  button.addEventListener("click", openGuide);
  byId("guide-close").addEventListener("click", () => { set(false); button.focus(); });
  return () => {
    if (!document.body.classList.contains("guide-open")) return;
    set(false);
    button.focus();
  };
}

// Cards of the bot, and the note that only one person sees.

import { app, send } from "./app.js";
import { el, icon, when, written } from "./dom.js";
import { expect, problemIn } from "./ask.js";

// A tone is a colour and a word; never a colour alone. Calm is how a card is
// when nothing has to be said about it.
const tones = {
  calm: null,
  notice: { icon: "info", word: "See today" },
  strong: { icon: "alert", word: "See now" },
  urgent: { icon: "bell", word: "Urgent" },
  done: { icon: "check", word: "Done" },
};

// card draws a card; from says where it is, so that its buttons can say it too:
// { place, id } for a message, { place, private } for a private answer.
export function card(c, from) {
  const tone = c.tone in tones ? c.tone : "calm";
  const node = el("article", { class: `card tone-${tone}`, testid: "card", data: { tone }, aria: { label: c.title }, ...written(c) },
    el("header", { class: "card-head" },
      el("h2", { class: "card-title", testid: "card-title" }, c.title),
      tones[tone] && el("span", { class: "tone" }, icon(tones[tone].icon), tones[tone].word)),
    parts(c, from),
    c.footer && el("p", { class: "card-foot" }, c.footer));
  return node;
}

// parts are a card's blocks, with its picture before what can be pressed.
function parts(c, from) {
  const blocks = c.blocks || [];
  const at = blocks.findIndex((b) => b.type === "controls");
  const nodes = blocks.map((b) => block(b, from));
  if (c.picture) nodes.splice(at < 0 ? nodes.length : at, 0, picture(c.picture));
  return nodes;
}

function picture(p) {
  return el("img", { class: "card-picture", testid: "card-picture", alt: p.alt, src: `data:image/png;base64,${p.png}` });
}

function block(b, from) {
  switch (b.type) {
    case "text": return el("p", { class: "card-text" }, b.text);
    case "quote": return el("blockquote", { class: "card-quote" }, b.text);
    case "list": return el("div", { class: "card-list" },
      b.title && el("h3", {}, b.title),
      el(b.ordered ? "ol" : "ul", {}, (b.items || []).map((i) => el("li", {}, i))));
    case "facts": return facts(b.facts);
    case "section": return el("div", { class: "card-section" },
      b.title && el("h3", {}, b.title),
      b.text && el("p", { class: "card-text" }, b.text),
      facts(b.facts));
    case "controls": return el("div", { class: "controls" }, (b.controls || []).map((k) => control(k, from)));
  }
  return null;
}

function facts(list) {
  if (!list?.length) return null;
  return el("dl", { class: "facts" }, list.map((f) => el("div", { class: "fact" },
    el("dt", {}, f.label), el("dd", {}, f.link && safe(f.link) ? link(f.value, f.link, "fact-link") : f.value))));
}

const safe = (url) => /^(https?|tel|sms|mailto):/i.test(url);

// link opens a page of its own, but a message of this community in place.
function link(text, url, testid, className) {
  const here = new URL(url, location.href);
  const inside = here.origin === location.origin && here.hash.length > 1;
  return el("a", {
    class: className, href: url, testid, data: { label: text },
    target: inside ? undefined : "_blank", rel: inside ? undefined : "noopener noreferrer",
    onclick: (event) => {
      if (!inside || event.ctrlKey || event.metaKey || event.shiftKey) return;
      event.preventDefault();
      if (location.hash === here.hash) window.dispatchEvent(new Event("hashchange"));
      else location.hash = here.hash;
    },
  }, text);
}

function control(k, from) {
  if (k.type === "link") {
    const a = safe(k.url) ? link(k.label, k.url, "card-link", "button") : el("span", { class: "button" }, k.label);
    a.append(icon("link"));
    return a;
  }
  if (k.type === "select") return select(k, from);
  const look = k.style === "primary" ? " primary" : k.style === "danger" ? " danger" : "";
  return el("button", {
    type: "button", class: `button${look}`, testid: "card-button",
    data: { label: k.label, verb: k.verb, key: `${k.verb}|${k.arg || ""}` },
    onclick: (event) => press(event.currentTarget, k, from),
  }, k.label);
}

function select(k, from) {
  const node = el("select", {
    testid: "card-select", data: { label: k.label, key: `${k.verb}|${k.arg || ""}` },
    onchange: (event) => { if (event.currentTarget.value) press(event.currentTarget, { ...k, value: event.currentTarget.value }, from); },
  },
  !k.chosen && el("option", { value: "" }, k.label.endsWith("?") ? k.label : `${k.label}…`),
  k.options.map((o) => el("option", { value: o.value }, o.hint ? `${o.label} (${o.hint})` : o.label)));
  node.value = k.chosen || "";
  return el("label", { class: "select" }, el("span", { class: k.chosen ? "select-label" : "unseen" }, k.label), node);
}

async function press(node, k, from) {
  if (node.getAttribute("aria-busy") === "true") return;
  node.setAttribute("aria-busy", "true");
  const free = () => node.removeAttribute("aria-busy");
  try {
    const { interaction } = await send("press", { ...from, verb: k.verb, arg: k.arg || "", value: k.value || "" });
    await expect(interaction);
  } catch (problem) {
    problemIn(problem);
  }
  free();
}

// note draws what only this person sees.
export function note(p) {
  const used = p.used && el("span", { class: "used" }, "You used ", el("b", {}, p.used));
  const dismiss = el("button", {
    type: "button", class: "linklike", testid: "private-dismiss",
    onclick: () => send("dismiss", { private: p.id }).catch(problemIn),
  }, "Dismiss");
  return el("li", {
    class: `private is-${p.state}`, testid: "private", tabindex: "-1", data: { id: p.id, state: p.state },
    aria: { label: `Only you can see this. ${p.card ? p.card.title : waiting(p.state)}` },
  },
  el("p", { class: "private-head" },
    el("span", { class: "only-you" }, icon("eye"), "Only you can see this"), used,
    el("time", { datetime: p.time }, when(p.time)), dismiss),
  p.card && p.state === "shown" ? card(p.card, { place: p.place, private: p.id })
    : el("p", { class: "waiting" }, p.state === "waiting" && el("span", { class: "dots", aria: { hidden: "true" } }, el("i"), el("i"), el("i")), waiting(p.state)),
  p.file && file(p.file));
}

// file is a link that saves what came with an answer.
function file(f) {
  const href = `data:application/octet-stream;base64,${f.data || ""}`;
  return el("p", { class: "file" }, el("a", { class: "button", testid: "file", href, download: f.name }, `Save ${f.name}`));
}

function waiting(state) {
  const bot = app.bot.name;
  if (state === "waiting") return `${bot} is looking…`;
  if (state === "failed") return `${bot} could not do that. Please try again.`;
  return `${bot} did not answer. Please try again.`;
}

// The list of places, and who the visitor is.

import { app, person, placeLabel, unread } from "./app.js";
import { avatar, byId, el, fill, icon, rove } from "./dom.js";
import { placeIcon } from "./room.js";

export function drawPlaces() {
  const list = byId("places");
  const focused = document.activeElement?.closest?.("#places a")?.dataset.place;
  const channels = [...app.places.values()].filter((p) => !p.direct && !p.private);
  const ordered = channels.filter((p) => !p.parent).flatMap((p) => [p, ...channels.filter((t) => t.parent === p.id)]);
  const staff = [...app.places.values()].filter((p) => p.private);
  const direct = [...app.places.values()].filter((p) => p.direct);
  fill(list,
    group("Channels", ordered), staff.length > 0 && group("Private", staff), group("Direct messages", direct));
  const current = list.querySelector(`a[data-place="${CSS.escape(focused || app.place)}"]`);
  if (current) { current.tabIndex = 0; if (focused) current.focus({ preventScroll: true }); }
  const elsewhere = [...app.places.keys()].some((id) => id !== app.place && unread(id).calls > 0);
  byId("menu-dot").hidden = !elsewhere;
  byId("menu").setAttribute("aria-label", elsewhere ? "Places and people; something waits for you" : "Places and people");
  const calls = [...app.places.keys()].reduce((n, id) => n + unread(id).calls, 0);
  document.title = `${calls ? `(${calls}) ` : ""}${placeLabel(app.places.get(app.place) || { name: "" })} · ${person(app.me).name} · ${app.name}`;
}

function group(name, places) {
  return el("li", { class: "group" }, el("h2", { class: "side-label" }, name), el("ul", {}, places.map(entry)));
}

function entry(p) {
  const { all, calls } = p.id === app.place && !document.hidden ? { all: 0, calls: 0 } : unread(p.id);
  const label = placeLabel(p);
  return el("li", {}, el("a", {
    href: `#${p.id}`, tabindex: p.id === app.place ? "0" : "-1", testid: `place-${p.id}`, data: { place: p.id },
    class: `place${p.parent ? " thread" : ""}${all ? " unread" : ""}`,
    aria: { current: p.id === app.place ? "page" : undefined, label: `${label}${calls ? `, ${calls} for you` : all ? ", unread" : ""}${p.private ? ", private" : ""}` },
  }, icon(placeIcon(p)), el("span", { class: "place-name" }, label),
  calls > 0 && el("span", { class: "badge", testid: `unread-${p.id}` }, String(calls))));
}

export function drawPersonas(become) {
  const group = byId("personas");
  const focused = group.contains(document.activeElement);
  fill(group, [...app.people.values()].filter((p) => !p.bot).map((p) => el("button", {
    type: "button", role: "radio", class: "persona", testid: `persona-${p.id}`, title: `${p.name}, ${p.role.toLowerCase()}`,
    tabindex: p.id === app.me ? "0" : "-1", data: { person: p.id },
    aria: { checked: String(p.id === app.me), label: `${p.name}, ${p.role.toLowerCase()}` },
    onclick: () => become(p.id),
  }, avatar(p), el("span", { class: "persona-name" }, p.name))));
  if (focused) group.querySelector('[aria-checked="true"]').focus();
  const me = person(app.me);
  fill(byId("you-about"), el("b", {}, `${me.role}. `), me.about);
}

export function setUpSide(become) {
  rove(byId("places"), "a.place");
  rove(byId("personas"), "button", { horizontal: true, pick: (n) => become(n.dataset.person) });
  const side = byId("side"), menu = byId("menu"), veil = byId("veil");
  const open = (yes) => {
    document.body.classList.toggle("side-open", yes);
    menu.setAttribute("aria-expanded", String(yes));
    veil.hidden = !yes;
    byId("room").inert = yes;
    if (yes) (side.querySelector("a[aria-current]") || byId("side-close")).focus();
  };
  menu.addEventListener("click", () => open(true));
  byId("side-close").addEventListener("click", () => { open(false); menu.focus(); });
  side.addEventListener("click", (event) => { if (event.target.closest("a.place")) open(false); });
  return () => {
    if (!document.body.classList.contains("side-open")) return;
    open(false);
    menu.focus();
  };
}

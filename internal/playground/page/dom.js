// Building the page. Text goes in as text alone: nothing that anybody wrote is
// ever read as HTML.

const shapes = {
  waymark: ["M11 3h2v18h-2z", "M5 5h11l3.5 3-3.5 3H5z", "M19 12.5H9L5.5 15.25 9 18h10z"],
  harbour: ["M12 2l4 4v2h-1.5l1.5 10H8L9.5 8H8V6z", "M3 20c1.5 1.3 3 1.3 4.5 0 1.5 1.3 3 1.3 4.5 0 1.5 1.3 3 1.3 4.5 0 1.5 1.3 3 1.3 4.5 0v2c-1.5 1.3-3 1.3-4.5 0-1.5 1.3-3 1.3-4.5 0-1.5 1.3-3 1.3-4.5 0-1.5 1.3-3 1.3-4.5 0z"],
  hash: ["M9.3 3.5h2L10.600 8h4l.7-4.5h2L16.600 8H20v2h-3.700l-.6 4H19v2h-3.600l-.7 4.5h-2l.7-4.5h-4l-.7 4.5h-2L7.400 16H4v-2h3.700l.6-4H5V8h3.600zM10.3 10l-.6 4h4l.6-4z"],
  lock: ["M7 10V7.5a5 5 0 0 1 10 0V10h1.5v11h-13V10zm2 0h6V7.5a3 3 0 0 0-6 0z"],
  thread: ["M5 4h2v8.5h9.200l-3-3L14.600 8l5.5 5.5-5.5 5.5-1.400-1.400 3-3H5z"],
  direct: ["M4 4h16v12H9.5L5 20v-4H4z"],
  eye: ["M3.3 2.3l18.400 18.400-1.400 1.400-3.600-3.600A10.800 10.800 0 0 1 12 19.5C6 19.5 2.5 14.5 1.5 12c.5-1.3 1.800-3.3 3.900-5L1.900 3.700zM12 7a5 5 0 0 1 4.700 6.700l-2-2A3 3 0 0 0 12.3 9l-2-2zM12 4.5c6 0 9.5 5 10.5 7.5a13 13 0 0 1-2.800 4.200l-1.5-1.5A11 11 0 0 0 20.3 12C19.3 10 16.5 6.5 12 6.5c-.8 0-1.5.1-2.200.3L8.200 5.200A10 10 0 0 1 12 4.5z"],
  close: ["M6.400 5L12 10.600 17.600 5 19 6.400 13.400 12l5.600 5.600-1.400 1.400-5.600-5.600L6.400 19 5 17.600 10.600 12 5 6.400z"],
  menu: ["M4 6h16v2H4zM4 11h16v2H4zM4 16h16v2H4z"],
  more: ["M6 10.5a1.700 1.700 0 1 1 0 3.400 1.700 1.700 0 0 1 0-3.400zM12 10.5a1.700 1.700 0 1 1 0 3.400 1.700 1.700 0 0 1 0-3.400zM18 10.5a1.700 1.700 0 1 1 0 3.400 1.700 1.700 0 0 1 0-3.400z"],
  reply: ["M10 5v4c6 0 9.5 3 10.5 9-2.5-3-5.5-4-10.5-4v4L3 11.5z"],
  edit: ["M4 16.5L15.5 5 19 8.5 7.5 20H4zM16.900 3.600l1.200-1.200 3.5 3.5-1.200 1.200z"],
  trash: ["M9 3h6l1 2h4v2H4V5h4zM6 8.5h12L17 21H7z"],
  flag: ["M5 3h2v1h12l-3 4.5 3 4.5H7v8H5z"],
  send: ["M3 11.200L21 3l-5.5 18-4-7z"],
  play: ["M7 4l13 8-13 8z"],
  pause: ["M6 4h4v16H6zM14 4h4v16h-4z"],
  stop: ["M6 6h12v12H6z"],
  next: ["M5 4l10 8-10 8zM16.5 4h2.5v16h-2.5z"],
  down: ["M11 4h2v12.200l4.600-4.600L19 13l-7 7-7-7 1.400-1.400 4.600 4.600z"],
  theme: ["M12 3a9 9 0 1 0 0 18 9 9 0 0 0 0-18zm0 2v14a7 7 0 0 1 0-14z"],
  memory: ["M8 3h2v3h4V3h2v3h2v2h3v2h-3v4h3v2h-3v2h-2v3h-2v-3h-4v3H8v-3H6v-2H3v-2h3v-4H3V8h3V6h2zM9 9v6h6V9z"],
  check: ["M9.5 18.5l-6-6L5 11l4.5 4.5L19 6l1.5 1.5z"],
  info: ["M12 2.5a9.5 9.5 0 1 1 0 19 9.5 9.5 0 0 1 0-19zM11 10.5v7h2v-7zm0-4v2.200h2V6.5z"],
  alert: ["M12 2.5L22.5 21h-21zM11 9v6h2V9zm0 7.5v2h2v-2z"],
  bell: ["M12 2.5a6 6 0 0 1 6 6V14l2 3H4l2-3V8.5a6 6 0 0 1 6-6zM9.5 18.5h5a2.5 2.5 0 0 1-5 0z"],
  heart: ["M12 20.5C5 15.5 2.5 12 2.5 8.5A4.800 4.800 0 0 1 12 7a4.800 4.800 0 0 1 9.5 1.5c0 3.5-2.5 7-9.5 12z"],
  link: ["M13 4h7v7h-2V7.400l-8.3 8.3-1.400-1.400L16.600 6H13zM5 6h5v2H7v9h9v-3h2v5H5z"],
};

export function icon(name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  svg.setAttribute("viewBox", "0 0 24 24");
  svg.setAttribute("aria-hidden", "true");
  svg.setAttribute("class", "icon");
  for (const d of shapes[name] || []) {
    const path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    path.setAttribute("d", d);
    path.setAttribute("fill-rule", "evenodd");
    svg.append(path);
  }
  return svg;
}

// el builds an element: properties that start with "on" listen, "data" and
// "aria" hold attributes of that kind, all others are attributes. Children
// are elements or text; empty ones are left out.
export function el(tag, props, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name === "data") for (const [k, v] of Object.entries(value)) { if (v !== undefined) node.dataset[k] = v; }
    else if (name === "aria") for (const [k, v] of Object.entries(value)) { if (v !== undefined) node.setAttribute(`aria-${k}`, v); }
    else if (name === "testid") node.dataset.testid = value;
    else if (name === "class") node.className = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
  for (const child of children.flat(Infinity)) {
    if (child !== undefined && child !== null && child !== false && child !== "") node.append(child);
  }
  return node;
}

// written says in which language a card or a form is, and which way it runs.
export function written(c) {
  return c.lang ? { lang: c.lang, dir: c.rtl ? "rtl" : "ltr" } : {};
}

export const byId = (id) => document.getElementById(id);

export function fill(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((c) => c !== undefined && c !== null && c !== false && c !== ""));
  return node;
}

// paintIcons puts the icons into the elements of the page that name one.
export function paintIcons(root) {
  for (const node of root.querySelectorAll("[data-icon]")) node.replaceChildren(icon(node.dataset.icon));
}

export function avatar(person, size) {
  const face = el("span", { class: `avatar ${size || ""}`, aria: { hidden: "true" }, data: { who: person.id } });
  if (person.bot) face.append(icon("waymark"));
  else face.textContent = person.name.slice(0, 1);
  return face;
}

// rove lets the arrow keys move the focus along a list in which one entry is
// reached with Tab.
export function rove(list, selector, { pick, vertical = true, horizontal = false } = {}) {
  list.addEventListener("keydown", (event) => {
    const at = event.target.closest(selector);
    if (!at || event.target !== at) return;
    const all = [...list.querySelectorAll(selector)].filter((n) => n.offsetParent !== null);
    const i = all.indexOf(at);
    const to = {
      ArrowDown: vertical ? i + 1 : undefined, ArrowUp: vertical ? i - 1 : undefined,
      ArrowRight: horizontal ? i + 1 : undefined, ArrowLeft: horizontal ? i - 1 : undefined,
      Home: 0, End: all.length - 1,
    }[event.key];
    if (to === undefined || !all[to]) return;
    event.preventDefault();
    for (const n of all) n.tabIndex = -1;
    all[to].tabIndex = 0;
    all[to].focus();
    if (pick) pick(all[to]);
  });
}

let saying;
// announce tells a screen reader, politely.
export function announce(text) {
  clearTimeout(saying);
  const live = byId("live");
  live.textContent = "";
  saying = setTimeout(() => { live.textContent = text; }, 60);
}

const clock = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit" });
const dayAndClock = new Intl.DateTimeFormat("en-GB", { weekday: "short", hour: "2-digit", minute: "2-digit" });

export function when(iso) {
  const t = new Date(iso);
  const today = t.toDateString() === new Date().toDateString();
  return (today ? clock : dayAndClock).format(t);
}

// shownCount writes a number as people read it: 4,000.
export const shownCount = (n) => n.toLocaleString("en-GB");

// What was asked of the bot and is not answered yet, and the forms it opens.

import { app, send } from "./app.js";
import { announce, byId, el, fill, shownCount, written } from "./dom.js";

const expected = new Map(); // interaction -> what to do with its outcome
const early = new Map();    // outcomes that came before anybody expected them

// expect waits until the bot answered, failed, or took too long. What it
// answered with is drawn by the page as it comes in.
export function expect(interaction) {
  return new Promise((resolve) => {
    if (early.has(interaction)) {
      resolve(early.get(interaction));
      early.delete(interaction);
      return;
    }
    expected.set(interaction, resolve);
  });
}

export function takeOutcome(outcome) {
  if (outcome.tab !== app.tab) return;
  const resolve = expected.get(outcome.id);
  expected.delete(outcome.id);
  if (resolve) resolve(outcome.state);
  else early.set(outcome.id, outcome.state);
  if (early.size > 50) early.delete(early.keys().next().value);
  if (outcome.state === "answered") late.get(outcome.id)?.();
  late.delete(outcome.id);
  if (outcome.form) openForm(outcome.form);
}

const late = new Map(); // forms that wait for a late answer

// problemIn shows a problem above the composer, for a while.
let fading;
export function problemIn(problem) {
  const node = byId("problem");
  node.textContent = problem.message || String(problem);
  node.hidden = false;
  clearTimeout(fading);
  fading = setTimeout(() => { node.hidden = true; }, 9000);
}

export function clearProblem() {
  clearTimeout(fading);
  byId("problem").hidden = true;
}

function openForm(form) {
  const dialog = byId("form");
  if (dialog.open) dialog.close();
  const back = document.activeElement;
  const wrong = el("p", { class: "problem", role: "alert", hidden: true, testid: "form-problem" });
  const fields = form.fields.map(field);
  const submit = el("button", { type: "submit", class: "button primary", testid: "form-submit" }, form.submit || "Send");
  const sheet = el("form", { class: "sheet", novalidate: true, ...written(form), onsubmit: (event) => { event.preventDefault(); sendForm(); } },
    el("h2", { id: "form-title" }, form.title),
    form.intro && el("p", { class: "form-intro", id: "form-intro" }, form.intro),
    fields.map((f) => f.node),
    wrong,
    el("div", { class: "sheet-actions" },
      el("button", { type: "button", class: "button", testid: "form-cancel", onclick: () => dialog.close() }, "Cancel"), submit));
  fill(dialog, sheet);
  dialog.setAttribute("aria-describedby", form.intro ? "form-intro" : "");
  dialog.onclose = () => {
    fill(dialog);
    const to = back?.isConnected ? back : byId("composer");
    to.blur(); // what has the focus already may not get the keys that a dialog took
    to.focus();
  };
  dialog.showModal();
  fields[0].input.focus();

  async function sendForm() {
    submit.setAttribute("aria-busy", "true");
    wrong.hidden = true;
    for (const f of fields) f.mark("");
    const values = Object.fromEntries(fields.map((f) => [f.name, f.value()]));
    try {
      const { interaction } = await send("submit", { form: form.id, values });
      const state = await expect(interaction);
      if (state === "answered") { dialog.close(); return; }
      late.set(interaction, () => { if (sheet.isConnected) dialog.close(); });
      complain(`${app.bot.name} did not answer. What you wrote is still here: please try again.`);
    } catch (problem) {
      complain(problem.message);
      const marked = fields.filter((f) => problem.fields?.[f.name]);
      for (const f of marked) f.mark(problem.fields[f.name]);
      marked[0]?.input.focus();
    } finally {
      submit.removeAttribute("aria-busy");
    }
  }
  function complain(text) {
    wrong.textContent = text;
    wrong.hidden = false;
  }
}

let fieldNumber = 0;

function field(f) {
  const id = `field-${++fieldNumber}`;
  const described = [f.hint && `${id}-hint`, `${id}-wrong`].filter(Boolean).join(" ");
  const common = { id, name: f.name, testid: `field-${f.name}`, required: f.required, aria: { describedby: described } };
  let input;
  if (f.kind === "choice") {
    input = el("select", common, !f.value && el("option", { value: "" }, "Choose…"),
      f.options.map((o) => el("option", { value: o.value }, o.hint ? `${o.label} (${o.hint})` : o.label)));
  } else if (f.kind === "paragraph") {
    input = el("textarea", { ...common, rows: "5" });
  } else {
    input = el("input", { ...common, type: "text" });
  }
  input.value = f.value || "";
  const wrong = el("p", { class: "field-wrong", id: `${id}-wrong` });
  const count = f.maxLen && f.kind !== "choice" && el("span", { class: "count", aria: { hidden: "true" } });
  const recount = () => {
    if (!count) return;
    const n = [...input.value].length;
    count.textContent = `${shownCount(n)} of ${shownCount(f.maxLen)}`;
    count.classList.toggle("over", n > f.maxLen);
  };
  input.addEventListener("input", recount);
  recount();
  return {
    name: f.name, input, value: () => input.value,
    mark: (text) => { wrong.textContent = text; input.setAttribute("aria-invalid", text ? "true" : "false"); if (text) announce(`${f.label}: ${text}`); },
    node: el("div", { class: "field" },
      el("label", { for: id }, f.label, !f.required && el("span", { class: "optional" }, " (you can leave this empty)")),
      f.hint && el("p", { class: "hint", id: `${id}-hint` }, f.hint), input,
      el("div", { class: "field-foot" }, wrong, count || null)),
  };
}

// confirm asks before something that cannot be undone.
export function confirm(title, text, yes) {
  const dialog = byId("confirm");
  return new Promise((resolve) => {
    let answer = false;
    fill(dialog, el("div", { class: "sheet" },
      el("h2", { id: "confirm-title" }, title), el("p", {}, text),
      el("div", { class: "sheet-actions" },
        el("button", { type: "button", class: "button", onclick: () => dialog.close() }, "Cancel"),
        el("button", { type: "button", class: "button danger", testid: "confirm-yes", onclick: () => { answer = true; dialog.close(); } }, yes))));
    dialog.onclose = () => { fill(dialog); resolve(answer); };
    dialog.showModal();
  });
}

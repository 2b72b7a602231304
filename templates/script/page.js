// What a page can do beyond being read: find, sort, save a table, link to a row, change the theme.
// Without scripts the page is complete. These move, hide and label what is there; they make no markup out of text, ask
// the network for nothing and store nothing. The files are joined in the order page, tables, find into one script.
"use strict";

const all = (selector, within = document) => Array.from(within.querySelectorAll(selector));
// Thin spaces stay: they are part of numbers.
const said = (node) => (node ? node.textContent.replace(/[ \t\r\n]+/g, " ").trim() : "");
const counted = (number, one, many) => `${number} ${number === 1 ? one : many}`;

function made(name, attributes, text = "") {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.textContent = text;
  return element;
}

// The style sheet has one condition for dark; the button replaces it until the page is closed. Paper stays light.
function startTheme(button) {
  const rules = Array.from(document.styleSheets[0].cssRules);
  const dark = rules.find((rule) => rule.media && rule.media.mediaText.includes("prefers-color-scheme"));
  const preferred = matchMedia("(prefers-color-scheme: dark)");
  const tell = (on) => button.setAttribute("aria-pressed", on);
  const follow = () => tell(preferred.matches);
  follow();
  preferred.addEventListener("change", follow);
  button.addEventListener("click", () => {
    preferred.removeEventListener("change", follow);
    const on = button.getAttribute("aria-pressed") !== "true";
    dark.media.mediaText = on ? "screen" : "not all";
    tell(on);
  });
}

// Whatever a link points to is shown: closed parts are opened, and a search that hides it is cleared.
function arrive(clear) {
  let id = location.hash.slice(1);
  try { id = decodeURIComponent(id); } catch { /* a stray percent sign is part of the name */ }
  const target = document.getElementById(id);
  if (!target) return;
  if (target.closest(".unmatched")) clear();
  for (let part = target.closest("details"); part; part = part.parentElement.closest("details")) part.open = true;
  target.scrollIntoView();
}

document.addEventListener("DOMContentLoaded", () => {
  const controls = document.querySelector(".controls");
  all("main table").forEach(startTable);
  const clear = startFinding(controls);
  startTheme(controls.querySelector(".theme"));
  controls.hidden = false;
  addEventListener("hashchange", () => arrive(clear));
  arrive(clear);
});

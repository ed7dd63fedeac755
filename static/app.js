// The page works without this file: it only adds copying, unfolding, the reader's time zone and a word when the line drops.
"use strict";

// So that the server can say times, and where a day begins, as the reader's clock does.
document.cookie = `zone=${Intl.DateTimeFormat().resolvedOptions().timeZone}; path=/; max-age=31536000; samesite=lax`;

function say(text) {
  document.getElementById("said").textContent = text;
}

function copied(button, word) {
  const label = button.querySelector("span");
  const before = label.textContent;
  label.textContent = word;
  say(word);
  setTimeout(() => (label.textContent = before), 2000);
}

function selectText(node) {
  getSelection().selectAllChildren(node);
}

function showCopyButtons() {
  document.querySelectorAll("[data-copy][hidden], [data-script][hidden]").forEach((part) => (part.hidden = false));
}

// A link to a folded finding unfolds what hides it.
function unfold() {
  const target = location.hash && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let fold = target.closest("details"); fold; fold = fold.parentElement.closest("details")) fold.open = true;
  target.scrollIntoView();
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  const source = document.getElementById(button.dataset.copy);
  const refused = () => {
    selectText(source);
    copied(button, "Selected: press Ctrl+C");
  };
  if (!navigator.clipboard) return refused();
  navigator.clipboard.writeText(source.textContent).then(() => copied(button, "Copied"), refused);
});

// A menu of the top closes when the reader goes elsewhere.
function closeMenus(but) {
  document.querySelectorAll(".menu[open]").forEach((menu) => (menu.open = menu === but));
}

document.addEventListener("click", (event) => closeMenus(event.target.closest(".menu")));
document.addEventListener("focusin", (event) => closeMenus(event.target.closest(".menu")));
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" && document.querySelector(".menu[open]");
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

document.addEventListener("htmx:load", showCopyButtons);
document.addEventListener("htmx:sendError", () => say("The server does not answer. This page tries again by itself."));
document.addEventListener("htmx:responseError", () => say("The server could not answer. Reload the page."));
addEventListener("hashchange", unfold);
addEventListener("DOMContentLoaded", () => {
  showCopyButtons();
  unfold();
});

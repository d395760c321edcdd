"use strict";
// Sorting, filters, links into folded lists, printing, and zoom. Nothing is loaded and nothing is sent.

function key(cell) {
  const value = cell.dataset.v ?? cell.textContent.trim();
  const number = value === "" ? NaN : Number(value);
  return Number.isNaN(number) ? value.toLowerCase() : number;
}

// Numbers before text, empty cells last, whichever way the column is sorted.
function compare(a, b, sign) {
  if (a === "" || b === "") return (a === "") - (b === "");
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return sign * (typeof a === "number" ? a - b : a.localeCompare(b));
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("th button");
  if (!button) return;
  const head = button.closest("th");
  const table = head.closest("table");
  const column = [...head.parentNode.children].indexOf(head);
  const sign = head.getAttribute("aria-sort") === "ascending" ? -1 : 1;
  for (const other of head.parentNode.children) other.removeAttribute("aria-sort");
  head.setAttribute("aria-sort", sign === 1 ? "ascending" : "descending");
  const body = table.tBodies[0];
  [...body.rows]
    .map((row, place) => [key(row.cells[column]), place, row])
    .sort((a, b) => compare(a[0], b[0], sign) || a[1] - b[1])
    .forEach(([, , row]) => body.append(row));
});

for (const chip of document.querySelectorAll(".chip")) {
  chip.addEventListener("click", () => {
    for (const other of document.querySelectorAll(".chip")) other.setAttribute("aria-pressed", other === chip);
    for (const row of document.querySelectorAll("#claims-table tbody tr")) {
      row.hidden = chip.dataset.verdict !== "" && row.dataset.verdict !== chip.dataset.verdict;
    }
  });
}

// The filter of a table hides the rows that do not hold all words.
document.addEventListener("input", (event) => {
  if (!event.target.matches("[data-filter]")) return;
  const words = event.target.value.toLowerCase().split(/\s+/).filter(Boolean);
  for (const row of event.target.closest(".filter").nextElementSibling.querySelectorAll("tbody tr")) {
    const text = row.textContent.toLowerCase();
    row.hidden = !words.every((word) => text.includes(word));
  }
});

// A link to a picture opens the list that it stands in.
function open() {
  const target = document.getElementById(location.hash.slice(1)); // ids are plain letters
  for (let box = target?.closest("details"); box; box = box.parentElement.closest("details")) box.open = true;
  if (target) target.scrollIntoView();
}
addEventListener("hashchange", open);
open();

// On paper nothing is folded away.
let folded = [];
addEventListener("beforeprint", () => {
  folded = [...document.querySelectorAll("details:not([open])")];
  for (const box of folded) box.open = true;
});
addEventListener("afterprint", () => {
  for (const box of folded) box.open = false;
});

const dialog = document.getElementById("zoom");
const stage = dialog.querySelector(".stage");
const picture = dialog.querySelector("img");
const pointers = new Map();
let view = { scale: 1, x: 0, y: 0 };

function place(next) {
  view = next;
  picture.style.transform = `translate(${view.x}px, ${view.y}px) scale(${view.scale})`;
}

// Keep the point under (px, py) where it is.
function zoom(factor, px, py) {
  const scale = Math.min(12, Math.max(1, view.scale * factor));
  if (scale === 1) return place({ scale: 1, x: 0, y: 0 });
  const box = stage.getBoundingClientRect();
  const cx = px - box.left - box.width / 2;
  const cy = py - box.top - box.height / 2;
  const ratio = scale / view.scale;
  place({ scale, x: cx - (cx - view.x) * ratio, y: cy - (cy - view.y) * ratio });
}

function middle() {
  const box = stage.getBoundingClientRect();
  return [box.left + box.width / 2, box.top + box.height / 2];
}

document.addEventListener("click", (event) => {
  const button = event.target.closest("figure button");
  if (!button) return;
  const image = button.querySelector("img");
  picture.src = image.src;
  picture.alt = image.alt;
  place({ scale: 1, x: 0, y: 0 });
  dialog.showModal();
});
dialog.addEventListener("click", (event) => {
  const action = event.target.closest("[data-zoom]")?.dataset.zoom;
  if (action === "in") zoom(1.5, ...middle());
  if (action === "out") zoom(1 / 1.5, ...middle());
  if (action === "close") dialog.close();
});
dialog.addEventListener("close", () => pointers.clear());
stage.addEventListener("wheel", (event) => {
  event.preventDefault();
  zoom(Math.exp(-event.deltaY / 400), event.clientX, event.clientY);
}, { passive: false });
stage.addEventListener("dblclick", (event) => zoom(view.scale > 1 ? 1 / 12 : 3, event.clientX, event.clientY));
stage.addEventListener("pointerdown", (event) => {
  pointers.set(event.pointerId, event);
  stage.setPointerCapture(event.pointerId);
});
stage.addEventListener("pointermove", (event) => {
  const before = pointers.get(event.pointerId);
  if (!before) return;
  const others = [...pointers.values()].filter((p) => p.pointerId !== event.pointerId);
  pointers.set(event.pointerId, event);
  if (others.length === 0) {
    place({ ...view, x: view.x + event.clientX - before.clientX, y: view.y + event.clientY - before.clientY });
    return;
  }
  const far = (a) => Math.hypot(a.clientX - others[0].clientX, a.clientY - others[0].clientY);
  zoom(far(event) / Math.max(1, far(before)), (event.clientX + others[0].clientX) / 2, (event.clientY + others[0].clientY) / 2);
});
for (const name of ["pointerup", "pointercancel"]) {
  stage.addEventListener(name, (event) => pointers.delete(event.pointerId));
}

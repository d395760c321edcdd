// A module of its own. Curves that can be zoomed, hovered and switched by sample. What they are made of stands in the page, one block of JSON a view.

const GAP = 65535;
const COLOURS = ["#0072B2", "#D55E00", "#00805E", "#B0458A", "#8A6D00", "#5B4B9A", "#8C564B", "#2F7FB5"];
const DASHES = [[], [7, 3], [2, 3], [9, 3, 2, 3]];
const living = document.getElementById("living");
const pick = (name) => living.querySelector(`[data-pick="${name}"]`);
const box = document.getElementById("living-plot");
const readout = document.getElementById("living-lines");
const about = JSON.parse(living.dataset.about);
const views = new Map();
let view = null, plot = null, shown = [], hidden = new Set(), touched = false;

function unpack([first, step, rest], log) {
  if (typeof rest === "number") return Array.from({ length: rest }, (_, i) => first + i * step);
  const bytes = Uint8Array.from(atob(rest), (c) => c.charCodeAt(0));
  return Array.from({ length: bytes.length / 2 }, (_, i) => {
    const value = bytes[2 * i] + 256 * bytes[2 * i + 1];
    if (value === GAP) return null;
    return log ? 10 ** (first + value * step) : first + value * step;
  });
}

function load(id) {
  if (!views.has(id)) views.set(id, JSON.parse(document.getElementById(`curves-${id}`).textContent));
  return views.get(id);
}

const labels = new Map(about.labels);
const label = (sample) => labels.get(sample) ?? sample;
// What is said of curves of which the worst is no better.
const LEVELS = ["ok", "doubtful", "unusable"];
function mark(curves) {
  const level = Math.max(0, ...curves.map((c) => LEVELS.indexOf(c[7] ?? "ok")));
  return level ? ` (${LEVELS[level]})` : "";
}
const unique = (values) => [...new Set(values)];
const digits = (value) => (value === 0 || (Math.abs(value) >= 0.01 && Math.abs(value) < 1e6) ? String(+value.toPrecision(5)) : String(+value.toPrecision(4)));

// Fill a list of choices; one that stood there before stays chosen.
function choices(select, values, texts, all) {
  const before = select.value;
  select.replaceChildren(...values.map((value, i) => new Option(texts[i], value)));
  if (all) select.add(new Option("all", "*"));
  select.value = values.includes(before) || (all && before === "*") ? before : values[0];
  select.closest("label").hidden = select.options.length < 2;
}

function chosen() {
  return [...pick("samples").querySelectorAll("input:checked")].map((input) => input.value);
}

function fillView() {
  view = load(pick("view").value);
  pick("group").previousElementSibling.textContent = view.group;
  pick("unit").previousElementSibling.textContent = view.unit;
  const fitted = new Set(view.curves.filter((c) => c[4] === "fit").map((c) => c[1]));
  const groups = unique(view.curves.map((c) => c[1])).sort((a, b) => fitted.has(b) - fitted.has(a));
  choices(pick("group"), groups, groups.map((g) => g || "all"), false);
  hidden = new Set();
  fillSamples();
}

function fillSamples() {
  const before = chosen();
  const order = [...labels.keys()];
  const own = view.curves.filter((c) => c[1] === pick("group").value);
  const there = unique(own.map((c) => c[0]))
    .sort((a, b) => order.indexOf(a) - order.indexOf(b));
  const kept = touched ? before.filter((s) => there.includes(s)) : [];
  const on = kept.length ? kept : view.one ? there.slice(0, 1) : there.slice(0, 8);
  pick("samples").replaceChildren(...there.map((sample) => {
    const field = document.createElement("label");
    const input = document.createElement("input");
    Object.assign(input, { type: "checkbox", value: sample, checked: on.includes(sample) });
    field.append(input, ` ${label(sample)}${mark(own.filter((c) => c[0] === sample))}`);
    return field;
  }));
  fillUnits();
}

function fillUnits() {
  const samples = chosen();
  const own = view.curves.filter((c) => c[1] === pick("group").value && samples.includes(c[0]));
  const units = unique(own.map((c) => c[2]));
  const texts = units.map((unit) => unit + mark(own.filter((c) => c[2] === unit)));
  choices(pick("unit"), view.one || !units.length ? units : ["*", ...units], view.one || !units.length ? texts : ["all", ...texts], view.one && units.length > 1);
  draw();
}

// Each curve with its name, values and look; curves of one measurement share a colour when several are compared.
function lines() {
  const samples = chosen(), group = pick("group").value, unit = pick("unit").value;
  const found = view.curves.filter((c) => c[1] === group && samples.includes(c[0]) && (unit === "*" || c[2] === unit || !pick("unit").options.length));
  const sets = unique(found.map((c) => `${c[0]}\n${c[2]}`));
  const names = unique(found.filter((c) => !["data", "fit", "base"].includes(c[4])).map((c) => c[3]));
  return found.map((c) => {
    const set = sets.indexOf(`${c[0]}\n${c[2]}`);
    const place = Math.max(0, sets.length > 1 ? set : names.indexOf(c[3]));
    const plain = sets.length === 1;
    const kind = c[4];
    return {
      key: `${c[0]}|${c[2]}|${c[3]}`,
      set, kind, name: [label(c[0]), c[2] && `${view.unit} ${c[2]}`, c[3]].filter(Boolean).join(", ") + mark([c]),
      x: unpack(c[5], false), y: unpack(c[6], view.log),
      colour: plain && kind === "data" ? "#404040" : plain && kind === "fit" ? "#000000" : kind === "base" ? "#6b6b6b" : COLOURS[place % COLOURS.length],
      dash: kind === "base" ? [2, 3] : kind === "part" && !plain ? [4, 3] : kind === "fit" ? [] : DASHES[Math.floor(place / COLOURS.length) % DASHES.length],
      width: kind === "fit" ? 1.8 : kind === "part" && !plain ? 0.8 : 1.3,
    };
  });
}

// The same height for all: each measurement from its lowest to its highest value.
function levelled(all) {
  const ends = new Map();
  for (const line of all) {
    const values = line.y.filter((v) => v !== null);
    const [low, high] = ends.get(line.set) ?? [Infinity, -Infinity];
    ends.set(line.set, [values.reduce((a, b) => Math.min(a, b), low), values.reduce((a, b) => Math.max(a, b), high)]);
  }
  for (const line of all) {
    const [low, high] = ends.get(line.set);
    line.y = line.y.map((v) => (v === null ? null : (v - low) / (high - low || 1)));
  }
}

function series(line) {
  const points = line.kind === "data" || line.kind === "marks";
  return {
    label: line.name, stroke: line.colour, dash: line.dash, width: line.width, spanGaps: false,
    show: !hidden.has(line.key),
    paths: line.kind === "data" ? () => null : line.kind === "sticks" ? uPlot.paths.bars({ size: [1, 2] }) : undefined,
    points: { show: points, size: line.kind === "data" ? 3 : 6, stroke: line.colour, fill: line.kind === "data" ? line.colour : "#fff" },
  };
}

function draw() {
  shown = lines();
  const level = living.querySelector('[data-do="level"]').checked && !view.log;
  if (level) levelled(shown);
  plot?.destroy();
  plot = null;
  box.replaceChildren();
  if (!shown.length) {
    box.textContent = "Choose a sample.";
    return legend();
  }
  const data = uPlot.join(shown.map((line) => [line.x, line.y]));
  const grid = { stroke: "#e3e6ea", width: 1 };
  const font = "13px system-ui, sans-serif";
  const axis = { stroke: "#1d2329", font, labelFont: font, labelSize: 24, grid, ticks: grid };
  plot = new uPlot({
    width: Math.max(280, box.clientWidth), height: Math.min(460, Math.max(280, innerHeight * 0.6)),
    legend: { show: false },
    scales: { x: { time: false, dir: view.descending ? -1 : 1 }, y: { distr: view.log ? 3 : 1 } },
    axes: [{ ...axis, label: view.x }, { ...axis, label: level ? "between lowest and highest value" : view.y, size: view.log ? 84 : 70, values: (u, v) => v.map((n) => (n === null ? "" : digits(n))) }],
    series: [{}, ...shown.map(series)],
    cursor: { drag: { x: true, y: false }, points: { show: false } },
    hooks: { setCursor: [hover], init: [background] },
  }, data, box);
  legend();
}

function background(u) {
  u.root.style.background = "#fff";
}

// The value of a curve nearest to the pointer.
function nearest(line, at) {
  let low = 0, high = line.x.length - 1;
  if (high < 0 || at < line.x[0] || at > line.x[high]) return null;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (line.x[middle] < at) low = middle; else high = middle;
  }
  return line.y[at - line.x[low] < line.x[high] - at ? low : high];
}

function hover(u) {
  const off = u.cursor.left === undefined || u.cursor.left < 0;
  const at = off ? null : u.posToVal(u.cursor.left, "x");
  document.getElementById("living-at").textContent = off ? "" : `${view.x}: ${digits(at)}`;
  readout.querySelectorAll("output").forEach((field, i) => {
    const value = off ? null : nearest(shown[i], at);
    field.textContent = value === null || value === undefined ? "" : digits(value);
  });
}

function legend() {
  readout.replaceChildren(...shown.map((line, i) => {
    const button = document.createElement("button");
    button.type = "button";
    button.setAttribute("aria-pressed", !hidden.has(line.key));
    const mark = document.createElement("span");
    mark.className = "mark";
    mark.style.borderTop = `3px ${line.dash.length ? "dashed" : line.kind === "data" ? "dotted" : "solid"} ${line.colour}`;
    button.append(mark, line.name, " ", document.createElement("output"));
    button.addEventListener("click", () => {
      if (hidden.has(line.key)) hidden.delete(line.key); else hidden.add(line.key);
      plot.setSeries(i + 1, { show: !hidden.has(line.key) });
      button.setAttribute("aria-pressed", !hidden.has(line.key));
    });
    return button;
  }));
}

function whole() {
  const xs = plot.data[0];
  return [xs[0], xs[xs.length - 1]];
}

function range(factor, shift) {
  const { min, max } = plot.scales.x;
  const [low, high] = whole();
  const width = Math.min(high - low, (max - min) * factor);
  const middle = (min + max) / 2 + shift * (max - min);
  const from = Math.min(Math.max(middle - width / 2, low), high - width);
  plot.setScale("x", { min: from, max: from + width });
}

const sign = () => (view.descending ? -1 : 1);
const ACTIONS = {
  in: () => range(0.6, 0),
  out: () => range(1 / 0.6, 0),
  left: () => range(1, -0.2 * sign()),
  right: () => range(1, 0.2 * sign()),
  whole: () => plot.setScale("x", { min: whole()[0], max: whole()[1] }),
  next: () => step(1),
  before: () => step(-1),
  save,
};

// Show the next (or the last) sample alone.
function step(by) {
  const inputs = [...pick("samples").querySelectorAll("input")];
  const at = inputs.findIndex((input) => input.checked);
  const to = (at + by + inputs.length) % inputs.length;
  inputs.forEach((input, i) => { input.checked = i === to; });
  touched = true;
  fillUnits();
}

// What is seen, on white, with the names of its curves below, as a PNG.
function save() {
  const source = plot.ctx.canvas, ratio = source.width / plot.width, row = 20 * ratio, pad = 10 * ratio;
  const visible = shown.filter((line) => !hidden.has(line.key));
  const canvas = document.createElement("canvas");
  const pen = canvas.getContext("2d");
  const font = `${13 * ratio}px system-ui, sans-serif`;
  pen.font = font;
  const places = [];
  const below = [about.title, pick("group").value, about.simulated ? "simulated data" : ""].filter(Boolean).join(" · ");
  const widths = visible.map((line) => pen.measureText(line.name).width + 44 * ratio);
  const across = Math.max(source.width, pen.measureText(below).width + 2 * pad, ...widths.map((width) => width + pad));
  let x = pad, y = source.height + row;
  for (const [i, line] of visible.entries()) {
    const width = widths[i];
    if (x + width > across && x > pad) { x = pad; y += row; }
    places.push([line, x, y]);
    x += width;
  }
  canvas.width = across;
  canvas.height = y + row + row;
  pen.fillStyle = "#fff";
  pen.fillRect(0, 0, canvas.width, canvas.height);
  pen.drawImage(source, 0, 0);
  pen.font = font;
  for (const [line, left, top] of places) {
    pen.strokeStyle = line.colour;
    pen.lineWidth = 2 * ratio;
    pen.setLineDash(line.dash.map((d) => d * ratio));
    pen.beginPath();
    pen.moveTo(left, top - 4 * ratio);
    pen.lineTo(left + 24 * ratio, top - 4 * ratio);
    pen.stroke();
    pen.fillStyle = "#1d2329";
    pen.fillText(line.name, left + 30 * ratio, top);
  }
  pen.fillStyle = about.simulated ? "#c44e00" : "#5b6570";
  pen.fillText(below, pad, canvas.height - 0.5 * row);
  canvas.toBlob((blob) => {
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = `${[view.id, pick("group").value, ...chosen().slice(0, 4)].join("_").replace(/[^\w.-]+/g, "-")}.png`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 10000);
  }, "image/png");
}

const KEYS = { ArrowLeft: "left", ArrowRight: "right", "+": "in", "=": "in", "-": "out", 0: "whole", Home: "whole", n: "next", p: "before" };
box.addEventListener("keydown", (event) => {
  const action = KEYS[event.key];
  if (!action || !plot || event.ctrlKey || event.metaKey || event.altKey) return;
  event.preventDefault();
  ACTIONS[action]();
});
box.addEventListener("wheel", (event) => {
  if (!plot || !(event.ctrlKey || document.activeElement === box)) return;
  event.preventDefault();
  range(event.deltaY < 0 ? 0.8 : 1.25, 0);
}, { passive: false });
living.addEventListener("click", (event) => {
  const action = ACTIONS[event.target.closest("[data-do]")?.dataset.do];
  if (action && (plot || action === ACTIONS.next || action === ACTIONS.before)) action();
});
pick("view").addEventListener("change", fillView);
pick("group").addEventListener("change", fillSamples);
pick("unit").addEventListener("change", draw);
pick("samples").addEventListener("change", () => {
  touched = true;
  fillUnits();
});
living.querySelector('[data-do="level"]').addEventListener("change", draw);

// Nothing is unpacked before somebody comes near.
living.hidden = false;
const near = new IntersectionObserver((entries) => {
  if (!entries.some((entry) => entry.isIntersecting)) return;
  near.disconnect();
  fillView();
  addEventListener("resize", () => plot?.setSize({ width: Math.max(280, box.clientWidth), height: plot.height }));
}, { rootMargin: "400px" });
near.observe(living);

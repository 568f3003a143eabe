// A line chart over time, in SVG. It is given samples and draws those of the last while; values that are null leave a
// gap if that lasts. A pointer over it, or the arrow keys while it is focused, move a cursor, and the legend then shows
// the values there.

const space = "http://www.w3.org/2000/svg";
const height = 136, left = 46, right = 6, top = 8, bottom = 20;

function svg(name, attributes, parent) {
  const node = document.createElementNS(space, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  parent?.append(node);
  return node;
}

// number words a value in three significant figures, or fewer where they say nothing.
export function number(v) {
  if (v == null || Number.isNaN(v)) return "–";
  const size = Math.abs(v);
  if (size >= 1e9) return (v / 1e9).toFixed(size >= 1e10 ? 1 : 2) + "G";
  if (size >= 1e6) return (v / 1e6).toFixed(size >= 1e7 ? 1 : 2) + "M";
  if (size >= 1e5 && size < 1e6) return (v / 1e3).toFixed(0) + "k";
  if (size >= 100 || Number.isInteger(v)) return Math.round(v).toLocaleString("en");
  if (size >= 10) return v.toFixed(1);
  if (size >= 0.01) return v.toFixed(2);
  return v.toPrecision(1);
}

// ceiling is the least of 1, 2, 2.5 and 5 times a power of ten that is at least v.
function ceiling(v) {
  if (!(v > 0)) return 1;
  const power = 10 ** Math.floor(Math.log10(v));
  return [1, 2, 2.5, 5, 10].map((f) => f * power).find((c) => c >= v * 0.9999);
}

export class Chart {
  // spec: {title, unit, series: [{name, value: (sample) => number or null}], max: least upper end of the axis}
  constructor(spec) {
    this.spec = spec;
    this.samples = [];
    this.cursor = null; // index into samples
    this.root = document.createElement("figure");
    this.root.className = "chart";
    const caption = document.createElement("figcaption");
    const unit = document.createElement("small");
    unit.textContent = spec.unit;
    caption.append(spec.title, unit);
    this.when = document.createElement("span");
    this.when.className = "when";
    caption.append(this.when);
    this.legend = document.createElement("ul");
    this.legend.className = "legend";
    this.svg = svg("svg", { tabindex: "0", role: "img", height });
    this.root.append(caption, this.legend, this.svg);
    this.svg.addEventListener("pointermove", (e) => this.point(e.offsetX));
    this.svg.addEventListener("pointerleave", () => this.move(null));
    this.svg.addEventListener("blur", () => this.move(null));
    this.svg.addEventListener("keydown", (e) => this.key(e));
    new ResizeObserver(() => this.draw()).observe(this.svg);
  }

  // show draws samples, of which the axis shows those from begin to end, in milliseconds since 1970.
  show(samples, begin, end, gap) {
    const at = this.cursor == null ? null : this.samples[this.cursor]?.at;
    Object.assign(this, { samples, begin, end, gap });
    if (at != null) {
      const i = samples.findIndex((s) => s.at >= at);
      this.cursor = i < 0 ? null : i;
    }
    this.draw();
  }

  key(e) {
    const n = this.samples.length;
    const from = this.cursor ?? n - 1;
    const to = { ArrowLeft: from - 1, ArrowRight: from + 1, Home: 0, End: n - 1, PageUp: from - 20, PageDown: from + 20 }[e.key];
    if (e.key === "Escape") this.move(null);
    if (to === undefined || n === 0) return;
    e.preventDefault();
    this.move(Math.max(0, Math.min(n - 1, to)));
  }

  point(x) {
    if (this.samples.length === 0) return;
    const at = this.begin + ((x - left) / (this.width - left - right)) * (this.end - this.begin);
    let best = 0;
    for (let i = 0; i < this.samples.length; i++) {
      if (Math.abs(this.samples[i].at - at) < Math.abs(this.samples[best].at - at)) best = i;
    }
    this.move(best);
  }

  move(cursor) {
    this.cursor = cursor;
    this.draw();
  }

  draw() {
    this.width = this.svg.clientWidth;
    if (!this.width || this.begin === undefined) return;
    let highest = 0;
    for (const s of this.samples) for (const { value } of this.spec.series) highest = Math.max(highest, value(s) ?? 0);
    // Shares of time may exceed 100 % by the little that clocks differ.
    this.highest = this.spec.max && highest <= this.spec.max * 1.03 ? this.spec.max : ceiling(highest);
    this.svg.replaceChildren();
    this.axes();
    this.spec.series.forEach((series, i) => this.line(series, i));
    this.values();
  }

  x(at) { return left + ((at - this.begin) / (this.end - this.begin)) * (this.width - left - right); }
  y(v) { return top + (1 - Math.min(1, Math.max(0, v) / this.highest)) * (height - top - bottom); }

  axes() {
    for (const part of [0, 0.5, 1]) {
      const y = this.y(part * this.highest);
      svg("line", { x1: left, x2: this.width - right, y1: y, y2: y, class: "rule" }, this.svg);
      svg("text", { x: left - 7, y: y + 4, "text-anchor": "end" }, this.svg).textContent = number(part * this.highest);
    }
    const withSeconds = this.end - this.begin <= 900e3;
    [[this.begin, left, "start"], [(this.begin + this.end) / 2, (left + this.width - right) / 2, "middle"],
      [this.end, this.width - right, "end"]].forEach(([at, x, anchor]) => {
      svg("text", { x, y: height - 4, "text-anchor": anchor }, this.svg).textContent = clock(at, withSeconds);
    });
  }

  // line draws a series: its points joined, but for those that are far apart, and dots for points without neighbours.
  line(series, i) {
    const points = this.samples.map((s) => ({ at: s.at, v: series.value(s) })).filter((p) => p.v != null);
    const apart = (p, q) => !p || !q || q.at - p.at > this.gap;
    let d = "";
    points.forEach((p, k) => {
      const starts = apart(points[k - 1], p), x = this.x(p.at).toFixed(1), y = this.y(p.v).toFixed(1);
      d += `${starts ? "M" : "L"}${x} ${y}`;
      if (starts && apart(p, points[k + 1])) svg("circle", { cx: x, cy: y, r: 2, class: "f" + i }, this.svg);
    });
    svg("path", { d, class: "s" + i }, this.svg);
  }

  // values fills the legend with the values under the cursor, or the latest.
  values() {
    const s = this.samples[this.cursor ?? this.samples.length - 1];
    const shown = this.spec.series.map((series, i) => {
      const item = document.createElement("li"), key = document.createElement("i"), value = document.createElement("b");
      key.className = "k" + i;
      const v = s ? series.value(s) : null;
      value.textContent = number(v);
      item.append(key, series.name ? series.name + " " : "", value);
      if (this.cursor != null && v != null) {
        svg("circle", { cx: this.x(s.at), cy: this.y(v), r: 4, class: `dot f${i}` }, this.svg);
      }
      return item;
    });
    this.legend.replaceChildren(...shown);
    this.when.textContent = this.cursor != null && s ? clock(s.at, true) : "";
    if (this.cursor != null && s) {
      const x = this.x(s.at);
      svg("line", { x1: x, x2: x, y1: top, y2: height - bottom, class: "cursor" }, this.svg);
    }
    this.svg.setAttribute("aria-label", `${this.spec.title} in ${this.spec.unit}: ${shown.map((li) => li.textContent).join(", ")}` +
      (this.cursor != null && s ? ` at ${clock(s.at, true)}` : ""));
  }
}

function clock(at, withSeconds) {
  return new Date(at).toLocaleTimeString("en-GB", { hour: "2-digit", minute: "2-digit", ...(withSeconds && { second: "2-digit" }) });
}

// The page: it loads the server's history, follows its stream, and draws. Every figure comes from the server;
// what the server did not measure shows as a dash.

import { Chart, number } from "./chart.js";
import { $, el } from "./dom.js";
import { showPlayground } from "./playground.js";

// Time ranges, and the fineness of the history that each is drawn from.
const ranges = [
  { name: "1 min", ms: 60e3, step: 500 },
  { name: "5 min", ms: 300e3, step: 500 },
  { name: "15 min", ms: 900e3, step: 5000 },
  { name: "1 h", ms: 3600e3, step: 5000 },
  { name: "24 h", ms: 86400e3, step: 60000 },
];
let range = ranges[0];
let samples = []; // of the range's fineness, the oldest first
let interval = 500;
let latest = null; // the last snapshot
let paused = false;

// charts.

const per = (s, n) => (n == null ? null : n / s.interval_s);
const mib = (n) => (n == null ? null : n / 1048576);
const specs = [
  { title: "Latency", unit: "ms", series: [
    { name: "P50", value: (s) => s.latency_p50_ms }, { name: "P95", value: (s) => s.latency_p95_ms }, { name: "P99", value: (s) => s.latency_p99_ms }] },
  { title: "Throughput", unit: "pairs/s", series: [{ name: "scored", value: (s) => per(s, s.pairs) }] },
  { title: "Requests", unit: "/s", series: [
    { name: "ended", value: (s) => per(s, s.requests) }, { name: "failed", value: (s) => per(s, s.errors) },
    { name: "overload", value: (s) => per(s, s.overloaded) }, { name: "edge", value: (s) => per(s, s.refused) }] },
  { title: "Queue wait", unit: "ms", series: [
    { name: "mean", value: (s) => s.queue_ms }, { name: "oldest now", value: (s) => s.queue_oldest_ms }] },
  { title: "Queue depth", unit: "pairs", series: [{ name: "waiting", value: (s) => s.queued_pairs }] },
  { title: "Tokenize", unit: "ms", series: [{ name: "mean", value: (s) => s.tokenize_ms }] },
  { title: "Inference", unit: "ms", series: [{ name: "mean", value: (s) => s.compute_ms }] },
  { title: "Batch size", unit: "pairs", series: [{ name: "mean", value: (s) => s.batch_pairs }] },
  { title: "Batch tokens", unit: "tokens", series: [{ name: "mean", value: (s) => s.batch_tokens }] },
  { title: "Padding avoided", unit: "%", max: 100, series: [{ name: "of padded work", value: (s) => s.padding_waste_pct }] },
  { title: "CPU", unit: "%", max: 100, series: [
    { name: "process", value: (s) => s.cpu_pct }, { name: "GC", value: (s) => s.gc_pct },
    { name: "steal", value: (s) => s.steal_pct }, { name: "throttled", value: (s) => s.throttled_pct }] },
  { title: "Memory", unit: "MiB", series: [
    { name: "resident", value: (s) => mib(s.rss_bytes) }, { name: "Go heap", value: (s) => mib(s.heap_bytes) }] },
];
const charts = specs.map((spec) => new Chart(spec));
$("grid").append(...charts.map((c) => c.root));
const extra = new Map(); // charts that come with their data

// extraChart shows a chart that only some servers have data for.
function extraChart(key, spec) {
  if (extra.has(key)) return;
  const chart = new Chart(spec);
  extra.set(key, chart);
  charts.push(chart);
  $("grid").append(chart.root);
}

function addExtras() {
  const s = samples.at(-1);
  if (!s) return;
  if (s.gpu_pct != null) extraChart("gpu", { title: "GPU", unit: "%", max: 100, series: [{ name: "busy", value: (s) => s.gpu_pct }] });
  if (s.gpu_memory_bytes != null) extraChart("gpumem", { title: "GPU memory", unit: "MiB", series: [{ name: "used", value: (s) => mib(s.gpu_memory_bytes) }] });
  if (s.prefix_hits != null) {
    const hits = (s) => (s.prefix_hits + s.prefix_misses ? (100 * s.prefix_hits) / (s.prefix_hits + s.prefix_misses) : null);
    extraChart("prefixes", { title: "Prefix hits", unit: "%", max: 100, series: [{ name: "of the beginnings of pairs", value: hits }] });
    extraChart("shared", { title: "Shared tokens", unit: "tokens/s", series: [{ name: "not computed again", value: (s) => per(s, s.prefix_shared_tokens) }] });
  }
  const names = (s.instances ?? []).map((i) => i.name);
  if (names.length > 1) {
    extraChart("instances " + names.length, { title: "Instances", unit: "%", max: 100, series: names.slice(0, 6).map((name) => ({
      name, value: (s) => s.instances?.find((i) => i.name === name)?.busy_pct ?? null })) });
  }
}

function draw() {
  addExtras();
  const end = samples.at(-1)?.at ?? Date.now();
  const begin = end - range.ms;
  const shown = samples.filter((s) => s.at >= begin);
  for (const chart of charts) chart.show(shown, begin, end, Math.max(2.6 * interval, 5000));
  showStages(shown);
}

// cards and badges.

function card(id, name) {
  const value = el("dd", { id }), note = el("dd", { className: "note", id: id + "-note" });
  $("cards").append(el("div", {}, el("dt", { textContent: name }), value, note));
}
[["pairs", "Pairs scored"], ["throughput", "Throughput"], ["p50", "Latency P50"], ["p95", "Latency P95"], ["p99", "Latency P99"],
  ["queue", "Queue wait"], ["tokenize", "Tokenize"], ["compute", "Inference"], ["padding", "Padding avoided"],
  ["length", "Sequence length"], ["waiting", "Waiting now"], ["rejections", "Rejections"]].forEach(([id, name]) => card(id, name));

function put(id, value, unit = "", note = "") {
  $(id).replaceChildren(value, ...(unit && value !== "–" ? [el("span", { className: "unit", textContent: unit })] : []));
  $(id + "-note").textContent = note;
}

const whole = (n) => n.toLocaleString("en");
const sum = (o) => Object.values(o).reduce((a, b) => a + b, 0);

function showSnapshot(s) {
  latest = s;
  setState(s.state);
  const info = s.info;
  document.title = `${info.model} · crossrank`;
  const badge = (name, value) => el("li", {}, el("b", { textContent: name }), String(value));
  const models = s.models ? s.models.map((m) => badge("model", `${m.model} ${m.quantization}`))
    : [badge("model", info.model), badge("precision", info.quantization)];
  $("badges").replaceChildren(...models,
    badge("backend", info.backend), badge("device", `${info.device} ${info.tier}`.trim()),
    ...(info.threads ? [badge("threads", info.threads)] : []), badge("instances", s.instances?.length ?? 1), badge("version", info.version));
  $("meaningless").hidden = !info.meaningless;
  $("metrics").hidden = !s.metrics;
  $("foot").textContent = `Counts since ${new Date(s.since).toLocaleString("en-GB")}.`;

  const ms = (v) => (v == null ? "–" : number(v));
  const c = s.cache;
  const shared = c && c.hits + c.coalesced > 0 ? `; ${whole(c.hits)} scores from the cache, ${whole(c.coalesced)} shared in flight` : "";
  put("pairs", whole(s.pairs), "", `${whole(s.requests - s.errors)} requests${shared}`);
  put("throughput", number(s.pairs_per_second), "pairs/s", `${number(s.requests_per_second)} requests/s, 10 s mean`);
  const rests = s.latency ? `last ${whole(s.latency.count)} requests` : "";
  put("p50", ms(s.latency?.p50_ms), "ms", rests);
  put("p95", ms(s.latency?.p95_ms), "ms", rests);
  put("p99", ms(s.latency?.p99_ms), "ms", s.latency ? `longest ${number(s.latency.max_ms)} ms` : "");
  put("queue", ms(s.stages?.queue_ms), "ms", "mean");
  put("tokenize", ms(s.stages?.tokenize_ms), "ms", "mean");
  put("compute", ms(s.stages?.compute_ms), "ms", "mean");
  put("padding", s.padded_tokens ? number(100 * (1 - s.tokens / s.padded_tokens)) : "–", "%", s.padded_tokens ? `${number(s.padded_tokens - s.tokens)} tokens` : "");
  put("length", s.pairs ? number(s.tokens / s.pairs) : "–", "tokens", s.batches?.longest_tokens ? `mean; longest ${s.batches.longest_tokens}` : "mean");
  put("waiting", s.queue ? whole(s.queue.pairs) : "–", "pairs", s.queue ? `${whole(s.queue.running_pairs)} running, ${s.in_flight} requests` : "");
  const refused = Object.values(s.refused).reduce((n, codes) => n + sum(codes), 0);
  put("rejections", whole(s.errors + refused), "", reasons(s));
  showExperiment(s.experiment);
  showInstances(s);
  showPlayground(s);
}

// showStages draws the mean request of some samples: each counts as often as requests succeeded in it.
function showStages(shown) {
  const bar = $("stages");
  if (bar.childElementCount === 0) bar.append(...[0, 1, 2, 5].map((k) => el("div", { className: "k" + k })));
  $("stages-range").textContent = range.name;
  const withTimes = shown.filter((s) => s.tokenize_ms != null && s.latency_ms != null);
  const n = withTimes.reduce((sum, s) => sum + s.requests - s.errors, 0);
  const mean = (key) => withTimes.reduce((sum, s) => sum + s[key] * (s.requests - s.errors), 0) / n;
  const parts = n ? [["tokenize", mean("tokenize_ms")], ["queue", mean("queue_ms")], ["inference", mean("compute_ms")]] : [];
  if (n) parts.push(["the rest", Math.max(0, mean("latency_ms") - parts.reduce((sum, [, v]) => sum + v, 0))]);
  const total = parts.reduce((n, [, v]) => n + v, 0);
  // Flex items that grow by less than 1 together leave room, so they grow by percents.
  [...bar.children].forEach((div, i) => { div.style.flexGrow = total && parts[i] ? (100 * parts[i][1]) / total : 0; });
  $("stages-legend").replaceChildren(...parts.map(([name, v], i) => el("li", {}, el("i", { className: "k" + [0, 1, 2, 5][i] }),
    name + " ", el("b", { textContent: `${number(v)} ms` }), ` ${total ? Math.round((100 * v) / total) : 0} %`)),
  ...(parts.length ? [] : [el("li", { textContent: "No request in this time." })]));
}

// reasons says why requests were not answered, the most frequent first.
function reasons(s) {
  const all = Object.entries(s.codes).filter(([code]) => code !== "ok");
  for (const [edge, codes] of Object.entries(s.refused)) {
    for (const [code, n] of Object.entries(codes)) all.push([`${code} (${edge})`, n]);
  }
  all.sort((a, b) => b[1] - a[1]);
  return all.map(([why, n]) => `${whole(n)} ${why.replaceAll("_", " ")}`).join(", ") || "none";
}

function showExperiment(x) {
  $("experiment").hidden = !x;
  if (!x) return;
  const running = x.state === "running";
  const where = [x.configuration ? `configuration ${x.configuration} of ${x.configurations}` : `${x.configurations} configurations`,
    x.point.replaceAll("=", " "), x.note].filter(Boolean).join(" · ");
  const what = running ? `Experiment ${x.name}: ${where}`
    : `Experiment ${x.name} ended with ${where}.${x.report ? ` Its report goes to ${x.report}` : ""}`;
  if ($("experiment-what").textContent !== what) $("experiment-what").textContent = what;
  $("experiment-bar").hidden = !running;
  $("experiment-bar").value = x.total ? x.done / x.total : x.limit_s ? Math.min(1, x.elapsed_s / x.limit_s) : 0;
  const requests = x.total ? `${whole(x.done)} of ${whole(x.total)} requests`
    : `${whole(x.done)} requests, ${x.elapsed_s.toFixed(1)} of ${number(x.limit_s)} s`;
  $("experiment-counts").textContent = running ? `${x.warmup ? "warm-up: " : ""}${requests}, ${number(x.pairs_per_second)} pairs/s` : "";
}

function showInstances(snapshot) {
  const instances = snapshot.instances ?? [];
  $("instances").hidden = !instances.length;
  const now = samples.at(-1)?.instances ?? [];
  const cell = (v) => el("td", { className: "number", textContent: v == null ? "–" : whole(Math.round(v)) });
  const meter = (i, busy) => el("td", {}, el("meter", { min: 0, max: 100, value: busy ?? 0, ariaLabel: `${i.name} busy` }),
    busy == null ? "–" : `${Math.round(busy)} %`);
  const row = (i, busy) => el("tr", {}, el("td", { textContent: i.name }), el("td", { textContent: i.state }), busy,
    cell(i.batches), cell(i.pairs), cell(i.tokens), cell(i.queued_tokens), cell(i.tokens_per_second), cell(i.failures));
  const rows = instances.map((i) => row(i, meter(i, now.find((n) => n.name === i.name)?.busy_pct)));
  const total = snapshot.instances_total;
  $("instance-rows").replaceChildren(...rows, ...(total ? [row(total, el("td"))] : []));
}

function setState(word) {
  const node = $("state");
  if (node.dataset.state === word) return; // so that screen readers announce changes only
  node.dataset.state = word;
  node.textContent = word;
}

// the server's side.

const timed = (s) => Object.assign(s, { at: Date.parse(s.time) });

async function loadHistory() {
  const asked = range;
  const since = Date.now() - asked.ms - 5000;
  const reply = await fetch(`/api/history?step=${asked.step}&since=${Math.round(since)}`);
  if (!reply.ok) throw new Error(`history: status ${reply.status}`);
  const body = await reply.json();
  if (asked !== range) return; // another was chosen meanwhile
  interval = body.interval_ms;
  samples = body.samples.map(timed);
  draw();
  if (latest) showInstances(latest);
}

let stream = null;
function follow() {
  stream?.close();
  stream = new EventSource("/api/stream");
  stream.addEventListener("open", () => start().catch(lost));
  stream.addEventListener("sample", (e) => receive(JSON.parse(e.data)));
  stream.addEventListener("draining", (e) => {
    setState("draining");
    showExperiment(JSON.parse(e.data).experiment);
  });
  stream.addEventListener("error", () => {
    lost();
    if (stream.readyState === EventSource.CLOSED) setTimeout(follow, 2000);
  });
}

function lost() { setState("disconnected"); }

// start shows the server's history: at first, and again when it comes back, perhaps as another process.
async function start() {
  const reply = await fetch("/api/snapshot");
  if (!reply.ok) throw new Error(`snapshot: status ${reply.status}`);
  showSnapshot(await reply.json());
  await loadHistory();
}

let reload = 0; // when a coarse history was last read
function receive({ sample, snapshot }) {
  if (paused) return setState(snapshot.state);
  if (range.step <= snapshot.interval_ms) {
    const last = samples.at(-1)?.at ?? 0;
    timed(sample);
    if (sample.at > last) {
      samples.push(sample);
      if (last && sample.at - last > 2.5 * interval) loadHistory().catch(lost); // events were missed
    }
    const begin = sample.at - range.ms - 5000;
    samples = samples.filter((s) => s.at >= begin);
    if (!document.hidden) draw();
  } else if (Date.now() - reload > range.step) {
    reload = Date.now();
    loadHistory().catch(lost);
  }
  showSnapshot(snapshot);
}

// controls.

$("range").append(...ranges.map((r, i) => {
  const input = el("input", { type: "radio", name: "range", value: String(i), checked: i === 0 });
  input.addEventListener("change", () => {
    range = r;
    reload = Date.now();
    loadHistory().catch(lost);
  });
  return el("label", {}, input, r.name);
}));

$("pause").addEventListener("click", () => {
  paused = !paused;
  $("pause").setAttribute("aria-pressed", paused);
  $("pause").textContent = paused ? "Paused" : "Pause";
  if (!paused) start().catch(lost);
});

$("reset").addEventListener("click", async () => {
  if (!confirm("Reset the counts and the histories of this server, for everybody?")) return;
  await fetch("/api/reset", { method: "POST", headers: { "X-Crossrank-Reset": "yes" } });
  start().catch(lost);
});

document.addEventListener("visibilitychange", () => { if (!document.hidden && !paused) draw(); });
follow();

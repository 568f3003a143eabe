// The playground: it ranks documents by the server's API, as any other caller does. So requests are counted, limited and
// refused as those of others are, and nothing is sent anywhere else.

import { number } from "./chart.js";
import { findCut } from "./cut.js";
import { $, el } from "./dom.js";

const longText = 300; // characters of a document that are shown at first
const openCuts = 5; // so many cut documents show at once what they lost

let key = ""; // API key; in this variable alone, so that it is gone with the page
let models = []; // their descriptions

// showPlayground adapts the form to what is served.
export function showPlayground(snapshot) {
  $("playground").hidden = !snapshot.playground;
  const names = models.map((m) => m.model).join("\n");
  models = snapshot.models ?? [snapshot.info];
  if (models.map((m) => m.model).join("\n") !== names) {
    $("model").replaceChildren(...models.map((m) => el("option", { value: m.model, textContent: m.model })));
    showModel();
  }
}

const model = () => models[Math.max(0, $("model").selectedIndex)];

function showModel() {
  $("try-model").hidden = models.length < 2;
  const standard = model()?.instruction ?? "";
  $("try-instruction").hidden = !standard; // only some models have a place for one
  $("instruction").placeholder = standard;
}

// documents are the texts of the form, without those that are blank.
function documents() {
  const blank = document.querySelector("input[name=separator]:checked").value === "blank";
  return $("documents").value.split(blank ? /\n[^\S\n]*\n/ : "\n").map((t) => t.trim()).filter(Boolean);
}

function countDocuments() {
  const n = documents().length;
  $("document-count").textContent = n === 1 ? "1 document" : `${n} documents`;
}

// post sends a request to the API. A refusal becomes an error in words.
async function post(path, body) {
  const headers = { "Content-Type": "application/json" };
  if (key) headers.Authorization = `Bearer ${key}`;
  let reply;
  try {
    reply = await fetch(path, { method: "POST", headers, body: JSON.stringify(body) });
  } catch {
    throw new Error("The server did not answer. It may have ended, or the request may be too large.");
  }
  const answer = await reply.json().catch(() => ({}));
  if (!reply.ok) throw new Error(explain(reply.status, answer));
  return { answer, headers: reply.headers };
}

function explain(status, answer) {
  const said = answer.error ?? answer.message ?? `status ${status}`;
  switch (answer.code) {
    case "unauthenticated": {
      const known = key !== "";
      $("try-key").hidden = false;
      $("key").focus();
      return known ? "The server does not know this API key. Enter another one." : "The server needs an API key. Enter it, and rank again.";
    }
    case "overloaded": {
      const seconds = Math.ceil((answer.retry_after_ms ?? 1000) / 1000);
      return `The server has too much to do. Try again in ${seconds} s.`;
    }
    case "too_large": return `This is too much at once: ${said}.`;
    case "deadline_exceeded": return "The server did not have the time. Rank fewer or shorter documents, or try again later.";
    case "unavailable": return "The server is starting or ending. Try again soon.";
    case "internal": return `Something is wrong in the server. Its log has the cause${answer.request_id ? ` by the id ${answer.request_id}` : ""}.`;
    default: return `Not ranked: ${said}.`;
  }
}

async function rank(event) {
  event.preventDefault();
  const texts = documents(), query = $("query").value, asked = model();
  const body = { query, texts, return_truncated: true };
  if (models.length > 1) body.model = asked.model;
  if (!$("try-instruction").hidden && $("instruction").value) body.instruction = $("instruction").value;
  $("rank").disabled = true;
  say("ranking…");
  try {
    if (texts.length === 0) throw new Error("There is no document to rank.");
    const began = performance.now();
    const { answer, headers } = await post("/rerank", body);
    showAnswer({ answer, headers, texts, query, asked, took: performance.now() - began });
    say(texts.length === 1 ? "1 document ranked" : `${texts.length} documents ranked`);
  } catch (error) {
    $("answer").hidden = true;
    say(error.message, true);
  } finally {
    $("rank").disabled = false;
  }
}

function say(text, failed = false) {
  $("try-status").textContent = text;
  $("try-status").classList.toggle("failed", failed);
}

function showAnswer({ answer, headers, texts, query, asked, took }) {
  $("answer").hidden = false;
  $("answer-note").hidden = !asked.meaningless;
  let cuts = 0;
  $("results").replaceChildren(...answer.map((r) => {
    const text = texts[r.index];
    const item = el("li", {}, el("span", { className: "score", textContent: r.score.toFixed(4) }), shown(text));
    if (r.truncated) item.append(cutOf(text, r.truncated, query, asked, ++cuts <= openCuts));
    return item;
  }));
  const ms = (name) => {
    const v = headers.get(name);
    return v == null ? "–" : v === "0" ? "under 1 ms" : `${v} ms`;
  };
  const parts = [["tokenize", ms("x-tokenization-time")], ["queue", ms("x-queue-time")], ["inference", ms("x-inference-time")],
    ["server", ms("x-total-time")], ["in this browser", `${number(took)} ms`], ["tokens", headers.get("x-compute-tokens") ?? "–"],
    ["scores", headers.get("x-score-type") ?? "–"], ["documents cut", String(cuts)]];
  $("timing").replaceChildren(...parts.map(([name, v]) => el("div", {}, el("dt", { textContent: name }), el("dd", { textContent: v }))));
}

// shown is a document, the rest of a long one on demand.
function shown(text) {
  if (text.length <= longText) return text;
  const more = el("button", { type: "button", className: "more", textContent: "show all" });
  const span = el("span", {}, `${text.slice(0, longText)}… `, more);
  more.addEventListener("click", () => span.replaceChildren(text));
  return span;
}

// cutOf says how many tokens a document lost and, once it is open, which text they are.
function cutOf(text, lost, query, asked, open) {
  const what = el("p", { className: "cut", textContent: "…" });
  const details = el("details", {}, el("summary", { textContent: lost === 1 ? "1 token was cut off" : `${lost} tokens were cut off` }), what);
  let looked = false;
  details.addEventListener("toggle", async () => {
    if (!details.open || looked) return;
    looked = true;
    try {
      const at = await findCut({ post, model: asked, query, text, lost });
      if (at == null) {
        what.textContent = "The query is so long that it lost some of them, too.";
      } else {
        what.replaceChildren(`The model read ${at.kept} of the ${at.tokens} tokens of this document. It did not read: `,
          el("del", { textContent: text.slice(at.end).trim() }));
      }
    } catch (error) {
      looked = false;
      what.textContent = error.message;
    }
  });
  details.open = open;
  return details;
}

$("try").addEventListener("submit", rank);
$("try").addEventListener("keydown", (e) => {
  if (e.key === "Enter" && (e.ctrlKey || e.metaKey)) $("try").requestSubmit();
});
$("key").addEventListener("input", () => { key = $("key").value.trim(); });
$("model").addEventListener("change", showModel);
$("documents").addEventListener("input", countDocuments);
$("separator").addEventListener("change", countDocuments);
countDocuments();

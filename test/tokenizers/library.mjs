// Tokenizes with the Hugging Face library for whoever asks on standard input, one JSON object a line:
//
//	{"file": "tokenizer.json"} or {"json": "…"}   opens a tokenizer; answers {} or {"error": "…"}
//	{"texts": ["…"]}                              answers {"ids": [[1, 2]]}, without special tokens
//	{"pairs": [["…", "…", 32, "left"]]}           answers {"ids": [[1, 2]], "types": [[0, 0]]}, cut to that length at
//	                                              that side
//	{"time": ["…"], "rounds": 3}                  answers {"seconds": 0.1}: the processor's time for all texts, of the fastest round
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
const { Tokenizer } = createRequire(import.meta.url)("tokenizers");

let tokenizer;

function open({ file, json }) {
  tokenizer = json === undefined ? Tokenizer.fromFile(file) : Tokenizer.fromString(json);
  tokenizer.disableTruncation();
  tokenizer.disablePadding();
  return {};
}

async function texts(list) {
  tokenizer.disableTruncation();
  const encodings = await tokenizer.encodeBatch(list, { addSpecialTokens: false });
  return { ids: encodings.map((e) => e.getIds()) };
}

async function pairs(list) {
  const ids = [], types = [];
  for (const [query, passage, length, direction] of list) {
    tokenizer.setTruncation(length, { direction });
    const e = await tokenizer.encode(query, passage);
    ids.push(e.getIds());
    types.push(e.getTypeIds());
  }
  return { ids, types };
}

async function time(list, rounds) {
  tokenizer.disableTruncation();
  let best = Infinity;
  for (let i = 0; i < rounds; i++) {
    const start = process.cpuUsage();
    await tokenizer.encodeBatch(list, { addSpecialTokens: false });
    const { user, system } = process.cpuUsage(start);
    best = Math.min(best, user + system);
  }
  return { seconds: best / 1e6 };
}

async function answer(request) {
  try {
    if (request.texts) return await texts(request.texts);
    if (request.pairs) return await pairs(request.pairs);
    if (request.time) return await time(request.time, request.rounds);
    return open(request);
  } catch (e) {
    return { error: String(e) };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(JSON.stringify(await answer(JSON.parse(line))) + "\n");
}

// Writes what the Hugging Face library makes of every character by itself, one file a property in the folder given: a line
// for each character, surrogates left out. internal/tokenizer/testdata/characters.sha256 has the digests of these files:
//
//	node characters.mjs DIR && cd DIR && sha256sum *
import { createRequire } from "node:module";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
const { Tokenizer } = createRequire(import.meta.url)("tokenizers");

const dir = process.argv[2];
const model = { type: "WordLevel", vocab: { x: 0 }, unk_token: "x" };
const tokenizer = (parts) =>
  Tokenizer.fromString(
    JSON.stringify({
      version: "1.0", truncation: null, padding: null, added_tokens: [], normalizer: null, pre_tokenizer: null,
      post_processor: null, decoder: null, model, ...parts,
    }),
  );
const normalizer = (n) => tokenizer({ normalizer: n }).getNormalizer();
const preTokenizer = (p) => tokenizer({ pre_tokenizer: p }).getPreTokenizer();

function write(name, line) {
  const lines = [];
  for (let c = 0; c < 0x110000; c++) if (c < 0xd800 || c > 0xdfff) lines.push(line(String.fromCodePoint(c)));
  writeFileSync(join(dir, name), lines.join("\n") + "\n");
}

const hex = (s) => [...s].map((c) => c.codePointAt(0).toString(16)).join(" ");

// Normalizers: the form of a character, and for the marks that are sorted or composed, of one between others.
for (const [name, n] of Object.entries({
  nfc: { type: "NFC" }, nfd: { type: "NFD" }, nfkc: { type: "NFKC" }, nfkd: { type: "NFKD" },
  lowercase: { type: "Lowercase" }, accents: { type: "StripAccents" }, nmt: { type: "Nmt" },
})) {
  const made = normalizer(n);
  write(name, (c) => hex(made.normalizeString(c)));
}
for (const name of ["NFC", "NFKC"]) {
  const made = normalizer({ type: name });
  write(name.toLowerCase() + "-between", (c) => hex(made.normalizeString("a\u0327" + c + "\u0301")));
}

// Pre-tokenizers: whether a character matches.
const split = (regex) => ({ type: "Split", pattern: { Regex: regex }, behavior: "Removed", invert: false });
for (const [name, p] of Object.entries({
  letter: split("\\p{L}"), number: split("\\p{N}"), space: split("\\s"), wordchar: split("\\w"), digit: split("\\d"),
  ...Object.fromEntries(["M", "P", "S", "Lu", "Ll", "Lt", "Lm", "Lo", "Nd", "Han", "Z"].map((p) => ["property-" + p, split(`\\p{${p}}`)])),
  whitespace: { type: "WhitespaceSplit" }, punctuation: { type: "Punctuation", behavior: "Removed" },
})) {
  const made = preTokenizer(p);
  write(name, (c) => String(made.preTokenizeString(c).length));
}
{
  const digits = preTokenizer({ type: "Digits", individual_digits: false });
  write("digits", (c) => String(digits.preTokenizeString("a" + c).length));
  const words = preTokenizer({ type: "Whitespace" });
  write("words", (c) => String(words.preTokenizeString("a" + c + "a").length));
  const bert = preTokenizer({ type: "BertPreTokenizer" });
  write("bert", (c) => String(bert.preTokenizeString("a" + c + "a").length));
}

// Grapheme clusters, which Precompiled has: a map with one entry replaces a whole cluster that begins with the entry and has
// less than 6 bytes.
function precompiled(key, value) {
  const bytes = [...Buffer.from(key)], units = new Array(1 << 13).fill(0);
  let at = 256;
  units[0] = at << 10;
  bytes.forEach((b, i) => {
    const last = i === bytes.length - 1, offset = 512 * (i + 2);
    at ^= b;
    units[at] = b | (offset << 10) | (last ? 1 << 8 : 0);
    at ^= offset;
    if (last) units[at] = 0x80000000;
  });
  const data = Buffer.alloc(4 + 4 * units.length);
  data.writeUInt32LE(4 * units.length);
  units.forEach((u, i) => data.writeUInt32LE(u >>> 0, 4 + 4 * i));
  return normalizer({ type: "Precompiled", precompiled_charsmap: Buffer.concat([data, Buffer.from(value + "\0")]).toString("base64") });
}
const A = precompiled("a", "A"), acute = precompiled("\u0301", "A"), copyright = precompiled("©", "A"), ka = precompiled("क", "A"),
  vowel = precompiled("\u1161", "A"), trailing = precompiled("\u11a8", "A");
write("graphemes", (c) =>
  [
    A.normalizeString("a" + c) === "A", // extends
    (acute.normalizeString(c + "\u0301\u0301").match(/A/g) || []).length === 1, // a control character
    A.normalizeString(c + "a\u0301\u0301").endsWith("A\u0301\u0301"), // stands before
    copyright.normalizeString(c + "\u200d©\u0301").endsWith("\u0301"), // a picture
    ka.normalizeString(c + "\u094dक\u0301").endsWith("\u0301"), // a consonant
    ka.normalizeString("क" + c + "क\u0301").endsWith("\u0301"), // a linker
    ka.normalizeString("क\u094d" + c + "क\u0301").endsWith("\u0301"), // extends between consonants
    vowel.normalizeString(c + "\u1161\u0301").endsWith("\u0301"), // stands before a vowel of Hangul
    trailing.normalizeString(c + "\u11a8\u0301").endsWith("\u0301"), // stands before a trailing consonant
    copyright.normalizeString("©" + c + "\u200d©\u0301").endsWith("\u0301"), // extends between pictures
  ].map(Number).join(""),
);

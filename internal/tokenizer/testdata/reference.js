// Makes golden.json, what the Hugging Face tokenizers library (Node package "tokenizers" 0.23.2) gives for the cases
// below with the vocabulary beside this file. Run in a folder that has the package, with this folder as the argument:
//
//   npm install tokenizers@0.23.2 && node reference.js DIR
const fs = require('fs');
const path = require('path');
const crypto = require('crypto');
const T = require(require.resolve('tokenizers', { paths: [process.cwd()] }));

const dir = process.argv[2];
const pieces = fs.readFileSync(path.join(dir, 'vocab.txt'), 'utf8').split('\n');
const vocab = {};
pieces.forEach((p, id) => { if (p) vocab[p] = id; });

// A small generator of pseudo-random numbers (a linear congruence), so that every run makes the same cases.
let seed = 20240229;
const random = n => { seed = (Math.imul(seed, 1664525) + 1013904223) >>> 0; return Math.floor(seed / 4294967296 * n); };
const pick = list => list[random(list.length)];

function tokenizer(options) {
  const added = (options.added || ['[PAD]', '[UNK]', '[CLS]', '[SEP]', '[MASK]'].map(content => ({ content, special: true })))
    .map(t => ({ id: vocab[t.content] ?? pieces.length + 100, content: t.content, single_word: !!t.single_word, lstrip: !!t.lstrip,
      rstrip: !!t.rstrip, normalized: !!t.normalized, special: !!t.special }));
  const special = name => ({ id: name, ids: [vocab[name]], tokens: [name] });
  return T.Tokenizer.fromString(JSON.stringify({
    version: '1.0', truncation: null, padding: null, added_tokens: added,
    normalizer: { type: 'BertNormalizer', clean_text: options.clean_text ?? true,
      handle_chinese_chars: options.handle_chinese_chars ?? true, strip_accents: options.strip_accents ?? null,
      lowercase: options.lowercase ?? true },
    pre_tokenizer: { type: 'BertPreTokenizer' },
    post_processor: { type: 'TemplateProcessing',
      single: [{ SpecialToken: { id: '[CLS]', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } }],
      pair: [{ SpecialToken: { id: '[CLS]', type_id: 0 } }, { Sequence: { id: 'A', type_id: 0 } },
        { SpecialToken: { id: '[SEP]', type_id: 0 } }, { Sequence: { id: 'B', type_id: 1 } },
        { SpecialToken: { id: '[SEP]', type_id: 1 } }],
      special_tokens: { '[CLS]': special('[CLS]'), '[SEP]': special('[SEP]') } },
    decoder: null,
    model: { type: 'WordPiece', unk_token: '[UNK]', continuing_subword_prefix: '##', max_input_chars_per_word: 100, vocab },
  }));
}

const added = [
  { content: '[SEP]', special: true }, { content: '[MASK]', special: true, lstrip: true },
  { content: '[UNK]', special: true, rstrip: true }, { content: '<a>' }, { content: '<a><b>' },
  { content: 'Query', single_word: true }, { content: 'New York', normalized: true },
  { content: 'Naïve', normalized: true, single_word: true, lstrip: true, rstrip: true },
  { content: '漢', normalized: true }, { content: 'é', single_word: true },
];
const settings = [
  { name: 'uncased', options: {} },
  { name: 'cased', options: { lowercase: false } },
  { name: 'cased, accents stripped', options: { lowercase: false, strip_accents: true } },
  { name: 'uncased, accents kept', options: { strip_accents: false } },
  { name: 'controls kept', options: { clean_text: false } },
  { name: 'CJK joined', options: { handle_chinese_chars: false } },
  { name: 'no added tokens', options: { added: [] } },
  { name: 'added tokens', options: { added } },
  { name: 'added tokens, cased', options: { added, lowercase: false } },
];

const texts = [
  ['', ''], ['a', ''], ['', 'a'], [' ', '\t\n\r '], ['Hello, World!', 'The cafés of Istanbul; İstanbul, ISTANBUL.'],
  ['unaffordable unwanted', 'tokenization of Unicode'], ['naïve café résumé', 'Ångström façade — “quotes” ‘single’ … ½ ™ ® ©'],
  ['漢字と日本', '豈漢abc字'], ['😀😀 emoji😀', '𝒳²ⁿ'], ['ΣΟΦΟΣ ΣΗΜΑ', 'Привет мир й Й'], ['한국어 힣 가', 'かが ナ'],
  ['हिन्दी देवनागरी', 'العربية'], ['a\u0000b\u200Bc\u00ADd\uFFFDe', '\u0001\u0002\u007F \u000B\u000C \u0085 x\u001Fy'],
  ['a\u00A0b\u2003c\u2028d\u3000e', 'a\u1680b\u180Ec\uFEFFd'], ['[CLS] [SEP] [MASK][PAD] [UNK]', '[sep] [ SEP] [SEP]x[SEP]'],
  ['x[MASK] y  [MASK]  z [UNK]  w', '<a><b> <a><a> <a<a>'], ['Query query xQuery Query. Query', 'new york NEW  YORK New York newyork'],
  ['Naïve naive  naïve  xnaive naïve', '漢字漢 漢é é éa aé é'], ['a'.repeat(100), 'a'.repeat(101)],
  ['é'.repeat(100), 'é'.repeat(101)], ['가'.repeat(50), '가'.repeat(51)], ['aaaaaaaaaaaa', 'aaab aab'],
  ['a\u0301\u0327b\u0327\u0301', '\u0301a \u0301'], ['\u302E\u{1D165}a\u302E\u{1D165}', 'a\u302F\u0301\u{1D165}b\u302E\u1734\u{1D165}'],
  ['\u037E \u1FEF \u226E \u2260 \u0387', '\u00A8 \u1FED \u212B \u2126'], ['\u166D\u{111C9}\u2E43\u{1E900}', '\u0132 \u01C5 \uFB01 \uFB2C \u{16EA0} \uA7DC \u1C89'],
  ['#', '## a#b ##ing'], ['the\u0301 of\u200D and', "what's deep-learning? a/b c_d e@f g^h i`j k~l"],
];
const atoms = ['a', 'B', 'the', 'Deep', ' ', '  ', '\n', '.', ',', "'", '-', '[SEP]', '[MASK]', '[UNK]', '[', ']', '<a>', '<a><b>', 'Query',
  'new', ' York', 'Naïve', 'é', 'e\u0301', '\u0301', '\u0327', '\u302E', '\u{1D165}', '\u1734', '漢', '豈', '字', 'か\u3099', '가', '😀', 'İ', 'Σ',
  'ß', 'й', '\u0000', '\u200B', '\u00A0', '\u0085', '\u000B', '\uFFFD', '…', '½', 'ing', 'un', 'want', 'ed', '2016', '#', '##', '\u00AD', 'running',
  'token', 'ization', 'the', ' of', ' ', ' ', '\u180E', '\u0378', '\uE000', '\u2E43'];
const randomText = () => { let s = ''; for (let n = random(14); n > 0; n--) s += pick(atoms); return s; };

const longText = () => Array.from({ length: 8 + random(10) }, () => pick(['a', 'unwanted', 'running', '[SEP]', '[MASK]', 'é', '.', '漢'])).join(' ');

const hex = s => [...s].map(c => c.codePointAt(0).toString(16)).join(' ');
function digest(line) {
  const hash = crypto.createHash('sha256');
  for (let c = 0; c < 0x110000; c++) {
    if (c < 0xD800 || c > 0xDFFF) hash.update(line(String.fromCodePoint(c)) + '\n');
  }
  return hash.digest('hex');
}

(async () => {
  const cases = [];
  for (const { name, options } of settings) {
    const t = tokenizer(options);
    for (const a of options.added || []) a.id = t.tokenToId(a.content); // the library numbers new tokens itself
    const pairs = [...texts];
    for (let n = 0; n < 60; n++) pairs.push([randomText(), randomText()]);
    for (let n = 0; n < 20; n++) pairs.push([longText(), longText()]); // both longer than max_length
    for (const [query, passage] of pairs) {
      const max_length = random(3) ? 512 : 3 + random(16);
      const direction = pick(['right', 'left']);
      t.setTruncation(max_length, { direction });
      const e = await t.encode(query, passage);
      cases.push({ settings: name, query, passage, max_length, direction, ids: e.getIds(), type_ids: e.getTypeIds() });
    }
  }
  const bert = (cleanText, handleChineseChars, stripAccents, lowercase) =>
    T.bertNormalizer({ cleanText, handleChineseChars, stripAccents, lowercase });
  const forms = { clean: bert(true, false, false, false), cjk: bert(false, true, false, false), strip: bert(false, false, true, false),
    lower: bert(false, false, false, true), all: bert(true, true, true, true) };
  const digests = {};
  for (const [name, n] of Object.entries(forms)) digests[name] = digest(c => hex(n.normalizeString(c)));
  digests.order = digest(c => hex(forms.strip.normalizeString('a\u302E' + c + '\u{1D165}')));
  const pre = T.bertPreTokenizer();
  digests.class = digest(c => String(pre.preTokenizeString('a' + c + 'b').length));
  const lines = cases.map(c => '  ' + JSON.stringify(c)).join(',\n');
  fs.writeFileSync(path.join(dir, 'golden.json'),
    `{"made_by": "Hugging Face tokenizers 0.23.2", "settings": ${JSON.stringify(settings)}, "digests": ${JSON.stringify(digests)}, "cases": [\n${lines}\n]}\n`);
})();

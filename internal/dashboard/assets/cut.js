// Which text truncation cut off. The server says how many tokens a pair lost; here is found where in the document they begin.

const blocks = typeof Intl.Segmenter === "function" ? new Intl.Segmenter(undefined, { granularity: "word" }) : null;

// ends are the places in a text where a word or what stands between words ends, the last one at its end.
function ends(text) {
  const parts = blocks ? Array.from(blocks.segment(text), (s) => s.segment) : text.match(/\s+|\S+/g) ?? [];
  let at = 0;
  return parts.map((part) => (at += part.length));
}

// findCut returns where the text of a document begins that was not read, with the tokens of the document and of its part
// that was. It returns null where tokens of the query were cut, too.
//
// Tokens are cut from the longer side. So while what is left of the document is longer than the query, the query lost
// none. The place is the end of the longest beginning of the document, in whole words, that has no more tokens than were
// kept; a search by halves finds it.
export async function findCut({ post, model, query, text, lost }) {
  const count = async (...texts) => {
    const { answer } = await post("/tokenize", { inputs: texts, model: model.model, add_special_tokens: false });
    return answer.map((tokens) => tokens.length);
  };
  const [ofQuery, tokens] = await count((model.prompt ?? "") + query, text);
  const kept = tokens - lost;
  if (kept <= ofQuery) return null;
  const places = [0, ...ends(text)];
  let low = 0, high = places.length - 1; // the beginning up to low is short enough, that up to high is not
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const [n] = await count(text.slice(0, places[middle]));
    if (n <= kept) low = middle;
    else high = middle;
  }
  return { end: places[low], tokens, kept };
}

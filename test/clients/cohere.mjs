// Calls a server with Cohere's SDK for Node: node cohere.mjs URL STRICT, with {"model", "query", "documents"} on standard input.
// Writes what the SDK made of the answers as JSON.
import { CohereClient, CohereClientV2 } from "cohere-ai";
import { readFileSync } from "node:fs";

const [, , baseUrl, strictUrl] = process.argv;
const { model, query, documents } = JSON.parse(readFileSync(0, "utf8"));
const v2 = new CohereClientV2({ token: "unused", baseUrl, maxRetries: 0 });
const strict = new CohereClientV2({ token: "unused", baseUrl: strictUrl, maxRetries: 0 });
const v1 = new CohereClient({ token: "unused", baseUrl, maxRetries: 0 });

const results = (reply) => reply.results.map((r) => ({ index: r.index, score: r.relevanceScore }));

async function failure(call) {
  try {
    await call();
  } catch (e) {
    return { name: e.constructor.name, status: e.statusCode, body: e.body };
  }
  return { name: "none" };
}

const second = await v2.rerank({ model, query, documents, topN: 3 });
const first = await v1.rerank({
  model,
  query,
  documents: documents.map((text, i) => (i % 2 === 0 ? text : { text })),
  returnDocuments: true,
});
const errors = {
  model: await failure(() => strict.rerank({ model: "rerank-v3.5", query, documents })),
  top_n: await failure(() => v2.rerank({ model, query, documents, topN: -1 })),
};
console.log(
  JSON.stringify({
    v2: results(second),
    v1: results(first),
    texts: first.results.map((r) => r.document.text),
    version: { v1: first.meta.apiVersion.version, v2: second.meta.apiVersion.version },
    errors,
  }),
);

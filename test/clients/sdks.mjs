// Ranks documents with the SDKs of several makers: node sdks.mjs URL, with {"query", "documents"} on
// standard input. Each asks for the model that its maker hosts. Writes what each made of the replies
// as JSON: {name: {results: [{index, score}], texts?: [...], models?: [...], error?: ...}}. A name is
// a package and the path of its base URL; docs/api.md lists them.
import { readFileSync } from "node:fs";
import { rerank } from "ai";
import { createCohere } from "@ai-sdk/cohere";
import { createTogetherAI } from "@ai-sdk/togetherai";
import { createVoyage } from "@ai-sdk/voyage";
import { InferenceClient } from "@huggingface/inference";
import { CohereRerank } from "@langchain/cohere";
import { MixedbreadAIReranker } from "@langchain/mixedbread-ai";
import { CohereRerank as LlamaIndexCohere } from "@llamaindex/cohere";
import { Document } from "@llamaindex/core/schema";
import { Mixedbread } from "@mixedbread/sdk";
import { OpenRouter } from "@openrouter/sdk";
import { Pinecone } from "@pinecone-database/pinecone";
import { CohereClient, CohereClientV2 } from "cohere-ai";
import ContextualAI from "contextual-client";
import { JinaAIReranker } from "llamaindex/postprocessors/rerankers/JinaAIReranker";
import OpenAI from "openai";
import Together from "together-ai";
import { VoyageAIClient } from "voyageai";
import ZeroEntropy from "zeroentropy";

const url = process.argv[2];
const { query, documents } = JSON.parse(readFileSync(0, "utf8"));
const apiKey = "unused";
const topN = documents.length;

const openai = new OpenAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
const mixedbread = new Mixedbread({ apiKey, baseURL: url, maxRetries: 0 });
const together = new Together({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
const openrouter = (serverURL) => new OpenRouter({ apiKey, serverURL, retryConfig: { strategy: "none" } });

const huggingface = new InferenceClient(apiKey);
const nodes = documents.map((text) => ({ node: new Document({ text }), score: 0 }));
const fromNodes = (ranked) => ({
  results: ranked.map((r) => ({ index: nodes.findIndex((n) => n.node === r.node), score: r.score })),
  texts: ranked.map((r) => r.node.text),
});

// LlamaIndex's client of Jina has a fixed URL: its host is replaced on the way.
process.env.JINAAI_API_KEY = apiKey;
const realFetch = globalThis.fetch;
globalThis.fetch = (target, init) => realFetch(typeof target === "string" ? target.replace("https://api.jina.ai", url) : target, init);

const vercel = (model) => async () => {
  const { ranking } = await rerank({ model, query, documents, topN, maxRetries: 0 });
  return { results: ranking.map((r) => ({ index: r.originalIndex, score: r.score })), texts: ranking.map((r) => r.document) };
};

// Documents with more than a text, which are ranked by it alone.
const objects = documents.map((text, i) => ({ title: `Document ${i}`, text }));

const voyage = (environment) => async () => {
  const client = new VoyageAIClient({ apiKey, environment, maxRetries: 0 });
  const reply = await client.rerank({ query, documents, model: "rerank-2.5", topK: topN, returnDocuments: true, truncation: true });
  return {
    results: reply.data.map((r) => ({ index: r.index, score: r.relevanceScore })),
    texts: reply.data.map((r) => r.document),
    tokens: reply.usage.totalTokens,
  };
};

const viaOpenRouter = (base) => async () => {
  const reply = await openrouter(base).rerank.rerank({ requestBody: { model: "cohere/rerank-v3.5", query, documents, topN } });
  return {
    results: reply.results.map((r) => ({ index: r.index, score: r.relevanceScore })),
    texts: reply.results.map((r) => r.document.text),
    tokens: reply.usage.totalTokens,
  };
};

const clients = {
  "@ai-sdk/cohere at /": vercel(createCohere({ apiKey, baseURL: url }).reranking("rerank-v3.5")),
  "@ai-sdk/cohere at /v1": vercel(createCohere({ apiKey, baseURL: `${url}/v1` }).reranking("rerank-v3.5")),
  "@ai-sdk/cohere at /v2": vercel(createCohere({ apiKey, baseURL: `${url}/v2` }).reranking("rerank-v3.5")),
  "@ai-sdk/togetherai at /": vercel(createTogetherAI({ apiKey, baseURL: url }).rerankingModel("Salesforce/Llama-Rank-v1")),
  "@ai-sdk/togetherai at /v1 with fields": async () => {
    const model = createTogetherAI({ apiKey, baseURL: `${url}/v1` }).rerankingModel("Salesforce/Llama-Rank-v1");
    const providerOptions = { togetherai: { rankFields: ["text"] } };
    const { ranking } = await rerank({ model, query, documents: objects, topN, providerOptions, maxRetries: 0 });
    return { results: ranking.map((r) => ({ index: r.originalIndex, score: r.score })), texts: ranking.map((r) => r.document.text) };
  },
  "@ai-sdk/togetherai at /v1": vercel(createTogetherAI({ apiKey, baseURL: `${url}/v1` }).rerankingModel("Salesforce/Llama-Rank-v1")),
  "@ai-sdk/voyage at /v1": vercel(createVoyage({ apiKey, baseURL: `${url}/v1` }).reranking("rerank-2.5")),
  "@ai-sdk/voyage at /voyage/v1": vercel(createVoyage({ apiKey, baseURL: `${url}/voyage/v1` }).reranking("rerank-2.5")),
  "voyageai at /v1": voyage(`${url}/v1`),
  "voyageai at /voyage/v1": voyage(`${url}/voyage/v1`),
  "@openrouter/sdk at /v1": viaOpenRouter(`${url}/v1`),
  "@openrouter/sdk at /api/v1": viaOpenRouter(`${url}/api/v1`),
  "@mixedbread/sdk at /": async () => {
    const reply = await mixedbread.rerank({ model: "mxbai-rerank-large-v2", query, input: documents, top_k: topN, return_input: true });
    return {
      results: reply.data.map((r) => ({ index: r.index, score: r.score })),
      texts: reply.data.map((r) => r.input),
      tokens: reply.usage.total_tokens,
    };
  },
  "@langchain/mixedbread-ai at /": async () => {
    const reranker = new MixedbreadAIReranker({ apiKey, baseUrl: url, topK: topN, returnInput: false, maxRetries: 0 });
    return { results: (await reranker.rerank(documents, query)).map((r) => ({ index: r.index, score: r.score })) };
  },
  "@langchain/cohere at /": async () => {
    const client = new CohereClient({ token: apiKey, environment: url, maxRetries: 0 });
    const reranker = new CohereRerank({ client, model: "rerank-v3.5", topN });
    return { results: (await reranker.rerank(documents, query)).map((r) => ({ index: r.index, score: r.relevanceScore })) };
  },
  "together-ai at /v1": async () => {
    const reply = await together.rerank.create({ model: "Salesforce/Llama-Rank-v1", query, documents, top_n: topN, return_documents: true });
    return {
      results: reply.results.map((r) => ({ index: r.index, score: r.relevance_score })),
      texts: reply.results.map((r) => r.document.text),
      tokens: reply.usage.total_tokens + reply.usage.completion_tokens,
    };
  },
  "cohere-ai at /": async () => {
    const client = new CohereClientV2({ token: apiKey, baseUrl: url, maxRetries: 0 });
    const reply = await client.rerank({ model: "rerank-v3.5", query, documents, topN });
    return { results: reply.results.map((r) => ({ index: r.index, score: r.relevanceScore })) };
  },
  "cohere-ai at / with fields": async () => {
    const client = new CohereClient({ token: apiKey, environment: url, maxRetries: 0 });
    const reply = await client.rerank({ model: "rerank-v3.5", query, documents: objects, rankFields: ["text"], returnDocuments: true, topN });
    return {
      results: reply.results.map((r) => ({ index: r.index, score: r.relevanceScore })),
      texts: reply.results.map((r) => r.document.text),
    };
  },
  "@llamaindex/cohere at /": async () => {
    const reranker = new LlamaIndexCohere({ apiKey, baseUrl: url, model: "rerank-v3.5", topN });
    return fromNodes(await reranker.postprocessNodes(nodes, query));
  },
  "llamaindex at /v1 for Jina": async () => fromNodes(await new JinaAIReranker({ topN }).postprocessNodes(nodes, query)),
  "@huggingface/inference at /": async () => {
    console.warn = () => {}; // the call is deprecated, and the only one for a route of the caller's
    return { results: await huggingface.request({ endpointUrl: `${url}/rerank`, query, texts: documents }) };
  },
  "@huggingface/inference at / for pairs": async () => {
    const score = async (document) => {
      const [label] = await huggingface.textClassification({ endpointUrl: `${url}/predict`, inputs: [[query, document]] });
      return label.score;
    };
    const results = await Promise.all(documents.map(async (d, index) => ({ index, score: await score(d) })));
    return { results: results.sort((a, b) => b.score - a.score) };
  },
  "@pinecone-database/pinecone at /": async () => {
    const client = new Pinecone({ apiKey, controllerHostUrl: url });
    const reply = await client.inference.rerank("bge-reranker-v2-m3", query, documents, { topN, returnDocuments: true });
    return { results: reply.data.map((r) => ({ index: r.index, score: r.score })), texts: reply.data.map((r) => r.document.text) };
  },
  "contextual-client at /v1": async () => {
    const client = new ContextualAI({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
    const reply = await client.rerank.create({ model: "ctxl-rerank-v2-instruct-multilingual", query, documents, top_n: topN });
    return { results: reply.results.map((r) => ({ index: r.index, score: r.relevance_score })) };
  },
  "openai at /v1 for Qwen's rankings": async () => {
    const reply = await openai.post("/reranks", { body: { model: "qwen3-rerank", query, documents, top_n: topN } });
    return { results: reply.results.map((r) => ({ index: r.index, score: r.relevance_score })), tokens: reply.usage.total_tokens };
  },
  "zeroentropy at /v1": async () => {
    const client = new ZeroEntropy({ apiKey, baseURL: `${url}/v1`, maxRetries: 0 });
    const reply = await client.models.rerank({ model: "zerank-1", query, documents, top_n: topN });
    return {
      results: reply.results.map((r) => ({ index: r.index, score: r.relevance_score })),
      tokens: reply.total_tokens,
    };
  },
  "openai at /v1 for models": async () => {
    const models = [];
    for await (const m of openai.models.list()) models.push(m.id);
    return { models: [...models, (await openai.models.retrieve(models[0])).id] };
  },
  "cohere-ai at / for models": async () => {
    const client = new CohereClient({ token: apiKey, environment: url, maxRetries: 0 });
    return { models: (await client.models.list({ endpoint: "rerank" })).models.map((m) => m.name) };
  },
};

const made = {};
for (const [name, call] of Object.entries(clients)) {
  try {
    made[name] = await call();
  } catch (e) {
    made[name] = { error: `${e}\n${JSON.stringify(e.body ?? e.cause ?? e.responseBody ?? null)}` };
  }
}
console.log(JSON.stringify(made));

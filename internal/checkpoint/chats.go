package checkpoint

import "github.com/crossrank/crossrank/internal/tokenizer"

// qwen3Chat is the one that the model cards of Qwen3-Reranker give.
var qwen3Chat = chat{
	prefix: "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. " +
		"Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n",
	prompt: tokenizer.Prompt{
		BeforeInstruction: "<Instruct>: ",
		Instruction:       "Given a web search query, retrieve relevant passages that answer the query",
		BeforeQuery:       "\n<Query>: ",
		AfterQuery:        "\n<Document>:",
		BeforePassage:     " ",
	},
	suffix: "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
}

// mxbaiChat is the one of mxbai-rerank-v2, by mixedbread's own program. It encodes the query, the
// document and what stands around them each by themselves.
var mxbaiChat = chat{
	prefix: "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\n",
	prompt: tokenizer.Prompt{
		BeforeInstruction: "instruction: ",
		BeforeQuery:       "\nquery: ",
		BeforeQueryAlone:  "query: ",
		Between:           "\ndocument:",
		BeforePassage:     " ",
	},
	suffix: "\nYou are a search relevance expert who evaluates how well documents match search queries. For each query-document pair, " +
		"carefully analyze the semantic relationship between them, then provide your binary relevance judgment " +
		"(0 for not relevant, 1 for relevant).\nRelevance:<|im_end|>\n<|im_start|>assistant\n",
}

// nvidiaChat is the one of llama-nemotron-rerank-1b-v2 and its predecessors, by their model cards:
// one text with the tokenizer's special tokens.
var nvidiaChat = chat{
	prompt:  tokenizer.Prompt{BeforeQuery: "question:", AfterQuery: " \n \n passage", BeforePassage: ":"},
	special: true,
}

// bgeChat is the one of bge-reranker-v2-gemma, by FlagEmbedding's own program, which encodes its
// parts each by itself.
var bgeChat = chat{
	prefix: "<bos>",
	prompt: tokenizer.Prompt{BeforeQuery: "A: ", Between: "\n", BeforePassage: "B: "},
	apart:  true, beforeSuffix: "\n",
	suffix: "Given a query A and a passage B, determine whether the passage contains an answer to the query by providing a prediction of " +
		"either 'Yes' or 'No'.",
}

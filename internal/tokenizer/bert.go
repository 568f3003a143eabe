package tokenizer

// bert is the encoder of BERT's tokenizer: BertNormalizer, BertPreTokenizer and WordPiece.
//
// Most text is plain ASCII. For it, all of them are one pass over the text, which copies nothing.
// Any other character makes the text up to the next ASCII space or punctuation mark go through each
// stage in turn.
type bert struct {
	unknown       int32
	maxWordRunes  int
	trie          trie
	start, more   uint32     // the trie's roots for the first piece of a word, and for the later ones
	fold          [256]byte  // an ASCII character of words as the trie has it; 0 for everything else
	kind          [256]kind  // what a byte of raw text is
	punctuation   [128]int32 // the id of an ASCII punctuation mark
	normalizer    *bertNormalizer
	normalizedRaw *matcher // added tokens found in normalized text; nil if there are none
}

package checkpoint

import (
	"errors"
	"io/fs"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/safetensors"
)

// Opening is a model whose settings are read and checked against the shapes of its tensors, but
// whose weights are not read. Use it once: call Read or Close.
type Opening struct {
	// Network is complete but for the numbers of its tensors.
	Network *network.Network

	name      string
	model     *Model
	weights   weights
	tokenizer chan error // gets one value when model.Reading is there, or cannot be
	decoder   *decoder   // of a language model, whose head is chosen by the tokenizer; else nil
}

// weights is where the numbers of a network come from.
type weights interface {
	// read fills the network, handing its blocks over to r unless that is nil. It returns what
	// identifies the weights.
	read(r network.Receiver) (hash string, err error)

	// stored is what Opening.Stored returns.
	stored() half.Format

	close() error
}

// Begin begins to open a model as [Open] does.
func Begin(name string) (*Opening, error) {
	if isBuiltin(name) {
		return beginBuiltin(name)
	}
	dir, err := directory(name)
	if err != nil {
		return nil, err
	}
	o, err := beginDirectory(dir)
	if err != nil {
		return nil, opening(name, err)
	}
	o.name, o.model.Name = name, name
	return o, nil
}

// BeginNetwork begins to open a model's network alone, as [OpenNetwork] does.
func BeginNetwork(name string) (*Opening, error) {
	dir, err := directory(name)
	if err != nil {
		return nil, err
	}
	c, err := readConfig(dir)
	if err != nil {
		return nil, opening(name, err)
	}
	o := &Opening{Network: c.network, name: name, tokenizer: make(chan error), decoder: c.languageModel()}
	var a answers
	if o.decoder != nil {
		if a, err = o.decoder.readAnswers(dir); err != nil {
			return nil, opening(name, err)
		}
	}
	if o.weights, err = openWeights(dir, c); err != nil {
		return nil, opening(name, err)
	}
	o.model = &Model{Network: c.network, Reading: Reading{MaxLength: c.positions, answers: a}}
	close(o.tokenizer) // there is none
	return o, nil
}

func beginDirectory(dir string) (*Opening, error) {
	if err := checkAdapter(dir); err != nil {
		return nil, err
	}
	c, err := readConfig(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, insteadOf(dir, configFile)
	}
	if err != nil {
		return nil, err
	}
	m := &Model{Family: c.family.name, Network: c.network}
	s, err := readSettings(dir, c.decoder)
	if err != nil {
		return nil, err
	}
	if m.Activation, err = readActivation(s.o, c.o); err != nil {
		return nil, err
	}
	o := &Opening{Network: c.network, model: m, tokenizer: make(chan error, 1), decoder: c.languageModel()}
	if o.decoder != nil {
		o.decoder.shape(s)
	}
	go func() { // the tokenizer of a large vocabulary takes as long as the weights
		var err error
		m.Reading, err = c.reading(dir, s)
		o.tokenizer <- err
	}()
	if o.weights, err = openWeights(dir, c); err != nil {
		if failure := <-o.tokenizer; failure != nil {
			return nil, failure // whatever is wrong with the weights
		}
		return nil, err
	}
	return o, nil
}

// Read reads the weights. If r is not nil, it gets the blocks as they are read, and the model's
// network lacks what [network.Receiver] says.
func (o *Opening) Read(r network.Receiver) (*Model, error) {
	if o.decoder != nil { // whose tokens choose rows of the weights
		err := <-o.tokenizer
		if err == nil {
			err = o.decoder.want(o.model.answers, o.Network)
		}
		if err != nil {
			return nil, opening(o.name, errors.Join(err, o.weights.close()))
		}
	}
	hash, err := o.weights.read(r)
	if o.decoder == nil {
		if failure := <-o.tokenizer; failure != nil {
			err = failure
		}
	}
	if err != nil {
		return nil, opening(o.name, err)
	}
	o.model.Hash = hash
	return o.model, nil
}

// Stored is the format of 16 bits in which the files have the weights of all linear layers, beside
// token embeddings of 16 bits: an executor that holds them in it loses nothing. It is "" if they
// have them otherwise.
func (o *Opening) Stored() half.Format { return o.weights.stored() }

// Close ends an opening without reading the weights.
func (o *Opening) Close() error {
	<-o.tokenizer
	return o.weights.close()
}

// storedWeights are those of a model directory.
type storedWeights struct {
	network *network.Network
	source  tensorSource
	found   []filledSlot
}

// openWeights opens the weights in dir and matches them with the network of c. Those of an ONNX
// file are compared by the backend that computes it.
func openWeights(dir string, c modelConfig) (weights, error) {
	if w, err := findONNX(dir, c); w != nil || err != nil {
		return w, err
	}
	source, err := openTensors(dir)
	if err != nil {
		return nil, err
	}
	found, err := c.match(source)
	if err != nil {
		return nil, errors.Join(err, source.Close())
	}
	return &storedWeights{c.network, source, found}, nil
}

func (w *storedWeights) read(r network.Receiver) (hash string, err error) {
	defer func() { err = errors.Join(err, w.close()) }()
	return loadWeights(w.source, w.network, w.found, r)
}

// stored goes by the matrices of the layers, and leaves out the classifier, which executors hold in
// float32. Embeddings that are changed on their way have more bits than the file's.
func (w *storedWeights) stored() half.Format {
	var format safetensors.DType
	for _, f := range w.found {
		switch t := f.tensor.DType; {
		case f.tokens && (t == safetensors.F32 || f.change != nil):
			return ""
		case f.in == 0 || f.top || len(f.shape) < 2:
		case t == safetensors.F32 || format != "" && t != format:
			return ""
		default:
			format = t
		}
	}
	return half.Format(format)
}

func (w *storedWeights) close() error { return w.source.Close() }

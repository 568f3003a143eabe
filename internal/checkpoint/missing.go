package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// adapterFile describes an adapter: a few weights that change those of another model.
const adapterFile = "adapter_config.json"

// checkAdapter refuses a directory with an adapter: without it, the base gives other scores.
func checkAdapter(dir string) error {
	o, err := readObject(dir, adapterFile)
	if err != nil || len(o.members) == 0 {
		return err
	}
	base := o.str("base_model_name_or_path", "another model")
	return &Error{File: adapterFile, Err: fmt.Errorf("the directory holds an adapter of %.100s, which cannot be applied here; "+
		"merge the two once (in Python, with peft: model.merge_and_unload().save_pretrained(directory)) and give that directory", base)}
}

// form is a format of weights that cannot be read.
type form struct {
	is     func(name string) bool // of the file, in lower case and without its directory
	advice string
	alone  bool // it often comes without a config.json
}

// forms are in the order in which they are reported: those that can be converted come first.
var forms = []form{
	{is: isShard, advice: "it is a part of the weights, and the list of all parts, " + indexFile + ", is missing; download the whole model"},
	{is: isVariantIndex, advice: "it lists a variant of the weights; save the model without a variant, as " + weightsFile},
	{is: isVariant, advice: "it is a variant of the weights; copy it to " + weightsFile + " to have it read"},
	{is: isPickle, advice: "it can run code when it is read (pickle), so it is never read; " + convert("")},
	{is: ends(".h5", "saved_model.pb"), advice: "it holds weights for TensorFlow, which are not read; " + convert("from_tf=True"), alone: true},
	{is: ends(".msgpack"), advice: "it holds weights for Flax, which are not read; " + convert("from_flax=True")},
	{is: ends(".onnx"), advice: "it holds the model in ONNX, which is read only as " + strings.Join(onnxFiles, ", ") + ", beside " +
		configFile + " and a tokenizer; copy it there, or " + original, alone: true},
	{is: isOpenVINO, advice: "it holds the model for OpenVINO, which is not read; " + original, alone: true},
	{is: ends(".gguf"), advice: "it holds the model in GGUF, which is not read; " + original, alone: true},
}

const original = "download the original model, with " + weightsFile

// convert is advice to convert weights with transformers, whose versions up to 4 read those of
// other frameworks.
func convert(option string) string {
	with := ""
	if option != "" {
		option, with = ", "+option, ", with transformers 4"
	}
	return "convert it to " + weightsFile + " once" + with + ", if you trust it: python -c 'from transformers import " +
		"AutoModelForSequenceClassification as M; M.from_pretrained(\"DIRECTORY\"" + option + ").save_pretrained(\"DIRECTORY\", " +
		"safe_serialization=True)'"
}

func ends(suffixes ...string) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(suffixes, func(s string) bool { return strings.HasSuffix(name, s) })
	}
}

func isShard(name string) bool {
	return strings.HasSuffix(name, ".safetensors") && strings.Contains(name, "-of-")
}

func isVariantIndex(name string) bool { return strings.Contains(name, ".safetensors.index.") }

func isVariant(name string) bool {
	return strings.HasSuffix(name, ".safetensors") && !strings.HasPrefix(name, "adapter")
}

func isOpenVINO(name string) bool { return strings.HasPrefix(name, "openvino") }

// isPickle recognizes weights that torch.save wrote, but not a trainer's other files.
func isPickle(name string) bool {
	for _, other := range []string{"training_args", "optimizer", "scheduler", "scaler", "rng_state"} {
		if strings.HasPrefix(name, other) {
			return false
		}
	}
	return !isOpenVINO(name) && slices.Contains([]string{".bin", ".pt", ".pth", ".pkl", ".ckpt"}, filepath.Ext(name))
}

// insteadOf reports what a directory holds if config.json or the weights are missing, and what to
// do.
func insteadOf(dir, missing string) error {
	names, err := listFiles(dir)
	if err != nil {
		return fmt.Errorf("looking for %s: %w", missing, err)
	}
	if models := modelsBelow(dir, names); missing == configFile && len(models) > 0 {
		return &Error{File: missing, Err: fmt.Errorf("%w; give one of the models in this directory: %s",
			fs.ErrNotExist, firstOf(models))}
	}
	for _, form := range forms {
		if missing == configFile && !form.alone {
			continue
		}
		for _, name := range names {
			if form.is(strings.ToLower(filepath.Base(name))) {
				return &Error{File: filepath.ToSlash(name), Err: errors.New(form.advice)}
			}
		}
	}
	return &Error{File: missing, Err: fmt.Errorf("%w; a model's directory has %s, %s and %s",
		fs.ErrNotExist, configFile, weightsFile, tokenizerFile)}
}

// missingVocabulary reports that a directory has no tokenizer that can be read.
func missingVocabulary(dir string) error {
	names, err := listFiles(dir)
	if err != nil {
		return fmt.Errorf("looking for %s: %w", tokenizerFile, err)
	}
	lacks := fmt.Errorf("it has no tokenizer (%s): %w", formFiles(), fs.ErrNotExist)
	if models := modelsBelow(dir, names); len(models) > 0 {
		return fmt.Errorf("%w; give one of the models in this directory: %s", lacks, firstOf(models))
	}
	for _, name := range names {
		if slices.Contains(otherVocabularies, name) {
			return &Error{File: name, Err: fmt.Errorf("it cannot be read; %s", saveAdvice)}
		}
	}
	return lacks
}

// listFiles lists the files of a directory and of the directories in it, by paths relative to it.
func listFiles(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var files, below []string
	for _, e := range entries {
		if !e.IsDir() {
			files = append(files, e.Name())
			continue
		}
		inner, err := os.ReadDir(filepath.Join(dir, e.Name()))
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			return nil, err
		}
		for _, f := range inner {
			below = append(below, filepath.Join(e.Name(), f.Name()))
		}
	}
	return append(files, below...), nil
}

// modelsBelow lists the directories in dir that look like models: those with a config.json, and
// those of a hub cache.
func modelsBelow(dir string, names []string) []string {
	var models []string
	for _, name := range names {
		switch parent := filepath.Dir(name); {
		case parent == ".":
		case filepath.Base(name) == configFile, filepath.Base(name) == "snapshots" && isCacheName(parent):
			models = append(models, filepath.Join(dir, parent))
		}
	}
	return models
}

// firstOf lists the first few of many names.
func firstOf(names []string) string {
	const most = 4
	s := strings.Join(names[:min(most, len(names))], ", ")
	if n := len(names) - most; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

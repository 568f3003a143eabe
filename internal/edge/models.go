package edge

import (
	"slices"
	"strconv"
	"strings"

	"github.com/crossrank/crossrank"
)

// Resolve gives the served name of the model that a request names. "" is the first model, and may
// stay "". A name that means no model is [crossrank.NotFound].
type Resolve func(name string) (served string, err error)

// ByName finds models by their own names.
func ByName(models func() []crossrank.Info) Resolve {
	return func(name string) (string, error) { return name, CheckModel(name, Names(models())...) }
}

// CheckModel refuses a model that is not served. An empty name means the first model.
func CheckModel(asked string, served ...string) error {
	if asked == "" || slices.Contains(served, asked) {
		return nil
	}
	verb := "is"
	if len(served) > 1 {
		verb = "are"
	}
	names := make([]string, len(served))
	for i, name := range served {
		names[i] = strconv.Quote(name)
	}
	return crossrank.Errorf(crossrank.NotFound, "there is no model %q here; %s %s served",
		Abridged(asked), strings.Join(names, ", "), verb)
}

// InfoOf describes the model that a request names, one of models; "" is the one of first.
func (r Resolve) InfoOf(name string, first func() crossrank.Info, models func() []crossrank.Info) (crossrank.Info, error) {
	if name == "" {
		return first(), nil
	}
	infos := models()
	name, err := r(name)
	if err != nil {
		return crossrank.Info{}, err
	}
	return infos[slices.Index(Names(infos), name)], nil
}

// Names lists the names of models.
func Names(models []crossrank.Info) []string {
	names := make([]string, len(models))
	for i := range models {
		names[i] = models[i].Model
	}
	return names
}

// Abridged shortens a caller's text that is sent back or logged.
func Abridged(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

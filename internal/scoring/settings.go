package scoring

import (
	"fmt"
	"strings"
)

// settings are what the bytes of the output depend on.
func settings(opts Options, in *inputs) ([]Setting, error) {
	inputs, err := in.fingerprints()
	if err != nil {
		return nil, err
	}
	keep := strings.Join(opts.Keep, ",")
	if opts.KeepAll {
		keep = "*"
	}
	all := append([]Setting{}, opts.Settings...)
	all = append(all,
		Setting{"raw", fmt.Sprint(opts.Request.Raw)},
		Setting{"max length", fmt.Sprint(opts.Request.MaxLength)},
		Setting{"instruction", opts.Request.Instruction},
		Setting{"query column", opts.Query},
		Setting{"passage column", opts.Passage},
		Setting{"kept columns", keep},
		Setting{"header", strings.Join(opts.Header, ",")},
		Setting{"input format", in.kind(0).String()},
		Setting{"output format", opts.OutputKind.String()},
		Setting{"rank", fmt.Sprint(opts.Rank)},
		Setting{"top", fmt.Sprint(opts.Top)},
		Setting{"file of rejects", opts.Rejects},
	)
	if opts.OutputKind.Grouped() {
		all = append(all, Setting{"rows of a group", fmt.Sprint(opts.GroupRows)})
	}
	return append(all, inputs...), nil
}

package backend

import (
	"errors"
	"fmt"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// storedOpening opens a stored ONNX file on a device, and compares it with the same file on the CPU
// before it computes anything else. Plain Go cannot read the file's weights.
type storedOpening struct {
	Opening
	onCPU Opening
	n     *network.Network
}

// holdStored makes an opening one that is compared, unless it is on the CPU itself.
func holdStored(o Opening, n *network.Network, opts Options) (Opening, error) {
	const cpu = "cpu"
	if opts.Device == "" || opts.Device == cpu {
		return o, nil
	}
	onCPU, err := beginONNX(n, Options{Device: cpu, Precision: opts.Precision})
	if err != nil {
		return nil, err
	}
	return storedOpening{o, onCPU, n}, nil
}

// Start starts the device, and returns an error if it computes something else than the CPU.
func (o storedOpening) Start(opts Options) (Engine, error) {
	device, err := o.Opening.Start(opts)
	if err != nil {
		return nil, err
	}
	if err := o.compare(device, opts); err != nil {
		return nil, errors.Join(fmt.Errorf("the device must not be used with this model, use cpu: %w", err), device.Close())
	}
	return device, nil
}

func (o storedOpening) compare(device Engine, opts Options) error {
	reference, err := o.onCPU.Start(opts)
	if err != nil {
		return err
	}
	seqs := sample.Sequences(3, o.n, 1, 3, 8)
	want, got := make([]float32, len(seqs)), make([]float32, len(seqs))
	if err := errors.Join(reference.Logits(seqs, want), device.Logits(seqs, got), reference.Close()); err != nil {
		return err
	}
	limits := bound{precision: device.Properties().Precision, quantized: quantizedLimit}
	for i := range seqs {
		if limit := limits.of(want[i]); !(distance(got[i], want[i]) <= limit) {
			return fmt.Errorf("the logit of %d tokens is %g; the CPU computes %g", len(seqs[i].IDs), got[i], want[i])
		}
	}
	return nil
}

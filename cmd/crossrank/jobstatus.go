package main

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/job"
	"github.com/crossrank/crossrank/internal/queue"
)

type statusOptions struct {
	queue queueFlags
	price float64
	json  bool
}

func newJobStatusCommand() *cobra.Command {
	var opts statusOptions
	cmd := &cobra.Command{
		Use:   "status FOLDER",
		Short: "Show how far a job is",
		Long: `Status counts the parts in the folder of a job. The rate is that of the last ten minutes of work.
With --queue it also asks the workers that run now, and shows what they hold, which shards take much
longer than others, which are dead letters, and what the job costs in core-hours.

The exit code is 0 whether the job is complete or not.`,
		Example: `  $ crossrank job status scores
  $ crossrank job status s3://data/scores --queue nats://queue.example:4222 --price 0.04`,
		Args: arguments("FOLDER"),
		RunE: func(cmd *cobra.Command, args []string) error { return runJobStatus(cmd, args[0], opts) },
	}
	opts.queue.register(cmd)
	cmd.Flags().Float64Var(&opts.price, "price", 0, "price of a core-hour, in any currency; 0 = show core-hours alone")
	cmd.Flags().BoolVar(&opts.json, "json", false, "JSON instead of text")
	return cmd
}

// jobReport is what status shows.
type jobReport struct {
	Job         string             `json:"job"`
	Folder      string             `json:"folder"`
	Model       job.Model          `json:"model"`
	Shards      int                `json:"shards"`
	Finished    int                `json:"finished"`
	Rows        int64              `json:"rows"`
	Scored      int64              `json:"rows_finished"`
	Rate        float64            `json:"rows_per_second,omitempty"`
	Left        float64            `json:"seconds_left,omitempty"`
	Canceled    bool               `json:"canceled,omitempty"`
	CoreHours   float64            `json:"core_hours,omitempty"`      // of the whole job
	HoursLeft   float64            `json:"core_hours_left,omitempty"` // of the rest
	Workers     []job.State        `json:"workers,omitempty"`
	Stragglers  []straggler        `json:"stragglers,omitempty"`
	DeadLetters []queue.DeadLetter `json:"dead_letters,omitempty"`
}

// straggler is a shard that takes much longer than others.
type straggler struct {
	Shard   int     `json:"shard"`
	Worker  string  `json:"worker"`
	Done    int     `json:"done"`
	Rows    int     `json:"rows"`
	Seconds float64 `json:"seconds"`
}

func runJobStatus(cmd *cobra.Command, folder string, opts statusOptions) error {
	j, err := job.Open(cmd.Context(), folder)
	if err != nil {
		return err
	}
	s, err := j.Status(cmd.Context())
	if err != nil {
		return err
	}
	r := &jobReport{
		Job: j.ID, Folder: j.Folder(), Model: j.Model, Shards: s.Shards, Finished: s.Finished, Rows: s.Rows,
		Scored: s.RowsFinished, Rate: s.Rate, Left: s.Left().Seconds(), Canceled: s.Canceled,
	}
	if opts.queue.url != "" {
		if err := r.ask(cmd, j, opts.queue); err != nil {
			return err
		}
	}
	r.estimate()
	if opts.json {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetIndent("", "  ")
		return enc.Encode(r)
	}
	return r.print(cmd, opts.price)
}

// ask adds what the queue and the workers know.
func (r *jobReport) ask(cmd *cobra.Command, j *job.Job, f queueFlags) error {
	q, conn, err := f.open(cmd.Context(), j, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer conn.Close()
	if r.DeadLetters, err = q.Dead(cmd.Context()); err != nil {
		return err
	}
	answers, err := q.Ask(cmd.Context())
	if err != nil {
		return err
	}
	for _, a := range answers {
		s, err := job.ParseState(a)
		if err != nil {
			return err
		}
		r.Workers = append(r.Workers, s)
	}
	slices.SortFunc(r.Workers, func(a, b job.State) int { return strings.Compare(a.Worker, b.Worker) })
	return nil
}

// slow is how many times the usual time per row makes a straggler.
const slow = 3

// estimate computes the cost and finds the stragglers.
func (r *jobReport) estimate() {
	cores := 0
	var busy, rows float64
	for _, w := range r.Workers {
		cores += w.Cores
		rows += float64(w.Rows)
		busy += w.Seconds
	}
	if r.Rate > 0 {
		r.CoreHours = float64(r.Rows) / r.Rate * float64(cores) / 3600
		r.HoursLeft = float64(r.Rows-r.Scored) / r.Rate * float64(cores) / 3600
	}
	if rows == 0 {
		return
	}
	for _, w := range r.Workers {
		for _, h := range w.Held {
			// A worker holds some shards at once, and each takes that many times as long.
			usual := busy / rows * float64(h.Rows*len(w.Held))
			if took := time.Since(h.Started).Seconds(); took > slow*usual && took > 10 {
				r.Stragglers = append(r.Stragglers, straggler{h.Shard, w.Worker, h.Done, h.Rows, took})
			}
		}
	}
}

func (r *jobReport) print(cmd *cobra.Command, price float64) error {
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		fmt.Fprintf(t, "%s\t"+format+"\n", append([]any{name}, args...)...)
	}
	row("job", "%s in %s", r.Job, r.Folder)
	row("model", "%s, %s, %s", r.Model.Name, r.Model.Quantization, r.Model.Weights)
	row("shards", "%d of %d finished%s", r.Finished, r.Shards, mark(r.Canceled, ", canceled"))
	row("rows", "%d of %d scored, %.1f %%", r.Scored, r.Rows, 100*float64(r.Scored)/float64(r.Rows))
	if r.Rate > 0 {
		row("rate", "%.1f rows/s", r.Rate)
	}
	if r.Left > 0 {
		row("left", "about %s", time.Duration(r.Left*float64(time.Second)).Round(time.Second))
	}
	if r.CoreHours > 0 {
		row("cost", "about %s in all, %s of it left", cost(r.CoreHours, price), cost(r.HoursLeft, price))
	}
	for _, w := range r.Workers {
		row("worker", "%s: %d cores, %s stored, %.1f rows/s, holds %s", w.Worker, w.Cores, plural(w.Parts, "shard"),
			float64(w.Rows)/w.Seconds, plural(len(w.Held), "shard"))
	}
	for _, s := range r.Stragglers {
		row("straggler", "shard %d at %s: %d of %d rows in %.0f s", s.Shard, s.Worker, s.Done, s.Rows, s.Seconds)
	}
	for _, d := range r.DeadLetters {
		row("dead letter", "%s", plainText(d.Reason))
	}
	return t.Flush()
}

// cost writes core-hours, and their price if there is one.
func cost(hours, price float64) string {
	text := fmt.Sprintf("%.3g core-hours", hours)
	if price > 0 {
		text += fmt.Sprintf(" (%.2f)", hours*price)
	}
	return text
}

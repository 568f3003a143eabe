package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"os"
	"time"
)

const (
	slowdown = 4                // of the slow server
	calm     = 2 * time.Second  // before something happens
	absence  = 10 * time.Second // of a server that is cut off, at least: twice as long as calls wait for it
)

// settle is the time for the weights to follow a change. Reports cover about 5 s, and most requests
// of a server that has become slow are from before.
func (f *fleet) settle() time.Duration { return min(f.slice, 20*time.Second) }

// steady leaves the fleet alone.
func (f *fleet) steady(ctx context.Context) error {
	return f.during(ctx, "fleet-steady", func(ctx context.Context) (string, error) {
		pause(ctx, f.settle())
		shares, err := f.shares(ctx, f.slice)
		return fmt.Sprintf("the servers answered %v", shares), err
	})
}

// slowed makes one server slower.
func (f *fleet) slowed(ctx context.Context) error {
	var shares []int
	var times []float64 // in ms per request
	err := f.during(ctx, "fleet-slow", func(ctx context.Context) (string, error) {
		pause(ctx, calm) // the load sets the schedules of all threads when it begins
		ctx, release := context.WithCancel(ctx)
		braked := make(chan error, 1)
		go func() { braked <- f.servers[0].brake(ctx, slowdown) }()
		pause(ctx, f.settle())
		before, err := f.spent(ctx)
		if err != nil {
			release()
			return "", errors.Join(err, <-braked)
		}
		if shares, err = f.shares(ctx, f.slice); err == nil {
			var after []float64
			if after, err = f.spent(ctx); err == nil {
				times = make([]float64, len(after))
				for i := range after {
					times[i] = 1000 * (after[i] - before[i]) / float64(shares[i])
				}
			}
		}
		release()
		return fmt.Sprintf("the servers answered %v, the slow one first", shares), errors.Join(err, <-braked)
	})
	if err != nil || ctx.Err() != nil {
		return err
	}
	r := shareRecord(shares)
	r.Note += fmt.Sprintf(", in %.0f ms each on average, %.1f × as long", times, times[0]*float64(len(times)-1)/sum(times[1:]))
	f.report(r)
	return nil
}

func sum(times []float64) (all float64) {
	for _, t := range times {
		all += t
	}
	return all
}

// spent is how many seconds each server took for the requests that it has answered.
func (f *fleet) spent(ctx context.Context) ([]float64, error) {
	var all []float64
	for _, s := range f.servers {
		c, err := s.counts(ctx)
		if err != nil {
			return nil, err
		}
		all = append(all, c["crossrank_request_duration_seconds_sum"])
	}
	return all, nil
}

// shareRecord compares the first server with the mean of the others. The margin is that of counts
// whose calls are independent of each other.
func shareRecord(shares []int) record {
	slow, others := float64(shares[0]), 0.0
	for _, n := range shares[1:] {
		others += float64(n)
	}
	share := 100 * slow / (others / float64(len(shares)-1))
	return record{
		Goal: "fleet-share", Value: share, Margin: 1.96 * share * math.Sqrt(1/slow+1/others),
		Note: fmt.Sprintf("the servers answered %v, the slow one first", shares),
	}
}

// killed kills a server, and starts it again later.
func (f *fleet) killed(ctx context.Context) error {
	return f.during(ctx, "fleet-killed", func(ctx context.Context) (string, error) {
		pause(ctx, calm)
		if err := f.servers[0].Signal(os.Kill); err != nil {
			return "", err
		}
		<-f.servers[0].Exited()
		pause(ctx, f.slice/2)
		back, err := f.restart(ctx, 0)
		return fmt.Sprintf("the server got requests again %.1f s after it was back", back.Seconds()), err
	})
}

// restart starts the nth server again and waits until it gets requests. It returns how long it
// waited.
func (f *fleet) restart(ctx context.Context, n int) (time.Duration, error) {
	s, err := f.startOn(ctx, f.hosts[n])
	if err != nil {
		return 0, err
	}
	f.servers[n] = s
	return f.awaitCalls(ctx, n, 0)
}

// cutOff takes a server's link down, and up again later.
func (f *fleet) cutOff(ctx context.Context) error {
	return f.during(ctx, "fleet-cut", func(ctx context.Context) (string, error) {
		pause(ctx, calm)
		if err := f.hosts[0].Cut(ctx); err != nil {
			return "", err
		}
		pause(ctx, max(f.slice, absence))
		if err := f.hosts[0].Join(ctx); err != nil {
			return "", err
		}
		joined := time.Now()
		served, err := f.served(ctx)
		if err != nil {
			return "", err
		}
		_, err = f.awaitCalls(ctx, 0, served[0])
		return fmt.Sprintf("the server got requests again %.1f s after it was back", time.Since(joined).Seconds()), err
	})
}

// rolled restarts all servers, one after another.
func (f *fleet) rolled(ctx context.Context) error {
	return f.during(ctx, "fleet-rolling", func(ctx context.Context) (string, error) {
		pause(ctx, calm)
		var longest time.Duration
		for n, s := range f.servers {
			if err := s.Stop(); err != nil {
				return "", err
			}
			back, err := f.restart(ctx, n)
			if err != nil {
				return "", err
			}
			longest = max(longest, back)
		}
		return fmt.Sprintf("each got requests again within %.1f s of being ready", longest.Seconds()), nil
	})
}

// added starts another server and waits until it has its share.
func (f *fleet) added(ctx context.Context) error {
	var took time.Duration
	var note string
	err := f.during(ctx, "fleet-added", func(ctx context.Context) (_ string, err error) {
		if err := f.add(ctx); err != nil {
			return "", err
		}
		f.publish()
		took, note, err = f.awaitShare(ctx, len(f.servers)-1)
		return note, err
	})
	if err != nil || ctx.Err() != nil {
		return err
	}
	f.report(record{Goal: "fleet-share-added", Value: took.Seconds(), Note: note})
	return nil
}

// awaitShare waits until the nth server has answered at least half as many requests in two seconds
// as the others on average.
func (f *fleet) awaitShare(ctx context.Context, n int) (time.Duration, string, error) {
	const window = 2 * time.Second
	type look struct {
		at     time.Time
		served []int
	}
	var looks []look
	began := time.Now()
	for ; ctx.Err() == nil; pause(ctx, fleetLook) {
		now, err := f.served(ctx)
		if err != nil {
			return 0, "", err
		}
		looks = append(looks, look{time.Now(), now})
		for len(looks) > 1 && looks[len(looks)-1].at.Sub(looks[1].at) >= window {
			looks = looks[1:]
		}
		counts := make([]int, len(now))
		others := 0
		for i := range now {
			counts[i] = now[i] - looks[0].served[i]
			if i != n {
				others += counts[i]
			}
		}
		switch took := time.Since(began); {
		case took >= window && 2*counts[n]*(len(now)-1) >= others:
			return took, fmt.Sprintf("of the last two seconds the servers answered %v, the new one last", counts), nil
		case took > fleetPatience:
			return 0, "", fmt.Errorf("the new server does not get its share: the servers answered %v", counts)
		}
	}
	return 0, "", ctx.Err()
}

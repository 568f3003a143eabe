package queue

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
)

// Answer has f answer every question of [Queue.Ask], until the connection is closed.
func (q *Queue) Answer(f func() []byte) error {
	_, err := q.conn.Subscribe(q.subject("ask"), func(m *nats.Msg) { _ = m.Respond(f()) }) // nobody misses a lost answer
	return err
}

// Ask collects the answers of the workers that run now, for one second.
func (q *Queue) Ask(ctx context.Context) (answers [][]byte, err error) {
	inbox := q.conn.NewInbox()
	sub, err := q.conn.SubscribeSync(inbox)
	if err != nil {
		return nil, err
	}
	defer sub.Unsubscribe()
	if err := q.conn.PublishRequest(q.subject("ask"), inbox, nil); err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, answerTime)
	defer cancel()
	for {
		m, err := sub.NextMsgWithContext(ctx)
		switch {
		case errors.Is(err, context.DeadlineExceeded), errors.Is(err, nats.ErrNoResponders):
			return answers, nil
		case err != nil:
			return nil, err
		}
		answers = append(answers, m.Data)
	}
}

// Reached waits until the queue can be reached, at most for a time.
func Reached(ctx context.Context, conn *Conn, wait time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, wait)
	defer cancel()
	return conn.FlushWithContext(ctx)
}

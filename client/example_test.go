package client_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
)

// A server of another maker is a Scorer too. This one stands for one that speaks the dialect of
// Text Embeddings Inference.
func ExampleDial() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `[{"index":1,"score":0.98},{"index":0,"score":0.02}]`)
	}))
	defer server.Close()

	c, err := client.Dial(server.URL, client.Options{Dialect: client.TEI, Retries: 3})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()
	documents := []string{"A fish swims.", "K2 is 8,611 m high."}
	ranking, _, err := crossrank.Rank(context.Background(), c, "how tall is K2", documents, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(documents[ranking[0].Index], ranking[0].Score)
	// Output: K2 is 8,611 m high. 0.98
}

// A client of shop.proto in Go. `client ADDRESS CALLS` makes the calls, a list in JSON, one after the other, each in
// its own trace. It prints a line of JSON for each, with its traceparent and the status that the client saw.
package main

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"os"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

type call struct {
	Method, Id, Leaves string
	Size               int
}

const deadline = 500 * time.Millisecond

var kinds = map[string]grpc.StreamDesc{
	"Get":     {},
	"Missing": {},
	"Sum":     {ClientStreams: true},
	"List":    {ServerStreams: true},
	"Chat":    {ClientStreams: true, ServerStreams: true},
}

func main() {
	var calls []call
	if err := json.Unmarshal([]byte(os.Args[2]), &calls); err != nil {
		log.Fatal(err)
	}
	conn, err := grpc.NewClient(os.Args[1], grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		log.Fatal(err)
	}
	for _, call := range calls {
		traceparent := newTraceparent()
		err := ask(conn, call, traceparent)
		json.NewEncoder(os.Stdout).Encode(map[string]any{
			"traceparent": traceparent,
			"status":      status.Code(err),
		})
	}
}

func ask(conn *grpc.ClientConn, call call, traceparent string) error {
	ctx, cancel := context.WithCancel(context.Background())
	if call.Leaves == "late" {
		ctx, cancel = context.WithTimeout(ctx, deadline)
	}
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, "traceparent", traceparent)

	kind := kinds[call.Method]
	stream, err := conn.NewStream(ctx, &kind, "/shop.Orders/"+call.Method)
	if err != nil {
		return err
	}
	// An error here means only that the call is over. Receiving returns the reason.
	stream.SendMsg(wrapperspb.String(call.Id + strings.Repeat(" ", call.Size)))
	stream.CloseSend()
	if call.Leaves == "before" {
		stream.Header()
		cancel()
	}
	var answer wrapperspb.StringValue
	err = stream.RecvMsg(&answer)
	if call.Leaves == "during" {
		cancel()
	}
	for err == nil && kind.ServerStreams {
		err = stream.RecvMsg(&answer)
	}
	if err == io.EOF {
		return nil
	}
	return err
}

func newTraceparent() string {
	ids := make([]byte, 24)
	rand.Read(ids)
	return fmt.Sprintf("00-%x-%x-01", ids[:16], ids[16:])
}

// A server of shop.proto in Go. A call ends as the id of its order says, see ../../grpc/shop.cjs. The server prints a
// line of JSON for each call, with the traceparent that it received and the status with which it ended.
package main

import (
	"encoding/json"
	"fmt"
	"log"
	"net"
	"os"
	"strconv"
	"strings"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/wrapperspb"
)

const maxMessageLength = 10_000

func main() {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	// Every method is a stream here: on the wire, a unary call is a stream with one message in each direction.
	service := grpc.ServiceDesc{ServiceName: "shop.Orders", HandlerType: (*any)(nil)}
	for _, method := range []string{"Get", "Sum", "List", "Chat"} {
		service.Streams = append(service.Streams, grpc.StreamDesc{StreamName: method, Handler: serve})
	}
	server := grpc.NewServer(grpc.MaxRecvMsgSize(maxMessageLength))
	server.RegisterService(&service, nil)
	fmt.Printf("listening http://%s\n", listener.Addr())
	log.Fatal(server.Serve(listener))
}

func serve(_ any, stream grpc.ServerStream) error {
	err := answer(stream)
	received, _ := metadata.FromIncomingContext(stream.Context())
	json.NewEncoder(os.Stdout).Encode(map[string]any{
		"traceparent": strings.Join(received.Get("traceparent"), ","),
		"status":      status.Code(err),
	})
	return err
}

// A message with a string in field 1 has the same bytes as an Order.
func answer(stream grpc.ServerStream) error {
	var order wrapperspb.StringValue
	if err := stream.RecvMsg(&order); err != nil {
		return err
	}
	switch order.Value {
	case "ok":
		return stream.SendMsg(&order)
	case "open":
		stream.SendMsg(&order)
		return wait(stream)
	case "silent":
		stream.SendHeader(nil)
		return wait(stream)
	}
	var code codes.Code
	if err := code.UnmarshalJSON([]byte(strconv.Quote(order.Value))); err != nil {
		return err
	}
	return status.Error(code, "as the order says")
}

func wait(stream grpc.ServerStream) error {
	<-stream.Context().Done()
	return status.FromContextError(stream.Context().Err()).Err()
}

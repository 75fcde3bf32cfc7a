package gateway_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"fmt"
	"net"

	"sneakers23/app/devices"
	"sneakers23/web/gateway"
)

// one is a store with one device.
type one struct{ wanted []devices.Variable }

func (one) Verify(_ context.Context, key devices.Key) (devices.Device, error) {
	if key != "0123456789ab" {
		return devices.Device{}, devices.ErrUnknownKey
	}
	return devices.Device{ID: 1, Name: "kiosk"}, nil
}

func (s one) Wanted(context.Context, devices.ID) ([]devices.Variable, error) { return s.wanted, nil }

func (one) Log(_ context.Context, _ devices.ID, records []devices.Record) error {
	fmt.Println("logged:", records[0].Message)
	return nil
}

func (one) Report(_ context.Context, _ devices.ID, variables []devices.Variable) error {
	fmt.Printf("reported: %s is the %s %s\n", variables[0].Name, variables[0].Type, variables[0].Value)
	return nil
}

func Example() {
	server, err := gateway.New(gateway.Config{
		Store: one{[]devices.Variable{{Name: "volume", Type: "integer", Value: []byte("3")}}},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	go server.Serve(listener) // until Drain

	device, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	answers := bufio.NewScanner(device)
	show := func() {
		answers.Scan()
		fmt.Println(answers.Text())
	}
	fmt.Fprintf(device, "v:0123456789ab\n")
	show()
	show()
	payload := base64.StdEncoding.EncodeToString([]byte(`[{"message":"hello","timestamp":1}]`))
	fmt.Fprintf(device, "l:0123456789ab:%s\n", payload)
	payload = base64.StdEncoding.EncodeToString([]byte(`[{"name":"volume","type":"integer","value":3}]`))
	fmt.Fprintf(device, "i:0123456789ab:%s\n", payload)
	fmt.Fprintf(device, "hello?\n")
	show()
	device.Close()
	server.Drain(context.Background())
	// Output:
	// OK
	// v:0123456789ab:W3sibmFtZSI6InZvbHVtZSIsInR5cGUiOiJpbnRlZ2VyIiwidmFsdWUiOjN9XQ==
	// logged: hello
	// reported: volume is the integer 3
	// ERROR a line is v:KEY, l:KEY:BASE64 or i:KEY:BASE64
}

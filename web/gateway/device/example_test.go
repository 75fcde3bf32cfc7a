package device_test

import (
	"context"
	"errors"
	"fmt"

	"sneakers23/web/gateway/device"
	"sneakers23/web/gateway/device/devicetest"
)

// A kiosk logs, reports two variables, and applies one that an admin changes. The gateway here is a
// small one for tests; with a shop's, Addresses names its --gateway-listen, and Key is what
// `sneakers23 devices add` printed.
func Example() {
	gateway, err := devicetest.Start("0123456789ab")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer gateway.Close()
	applied := make(chan string, 1) // 1: OnChange does not wait for the reader
	kiosk, err := device.New(device.Config{
		Addresses: []string{gateway.Address()},
		Key:       "0123456789ab",
		OnChange: func(_ context.Context, changed []device.Variable) error {
			for _, v := range changed {
				if level, ok := v.Value.(int64); v.Name != "volume" || !ok || level > 10 {
					return fmt.Errorf("this kiosk has no %s %v", v.Name, v.Value) // declined
				}
				applied <- fmt.Sprintf("%s is %v now", v.Name, v.Value)
			}
			return nil // accepted: the client reports the new values
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	ended := make(chan error, 1) // 1: the goroutine ends even without a reader
	go func() { ended <- kiosk.Run(ctx) }()

	err = errors.Join(
		kiosk.Log(device.Record{Message: "started", Fields: map[string]any{"version": "1.4"}}),
		kiosk.Set(device.Integer("volume", 3), device.Boolean("door_open", false)),
		kiosk.Flush(ctx), // the gateway has read all of it
	)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(gateway.Records()[0].Message)
	fmt.Println("volume:", gateway.Value("volume"))

	gateway.Want("volume", "integer", "7") // an admin changes it
	fmt.Println(<-applied)

	stop()
	fmt.Println(<-ended)
	// Output:
	// started
	// volume: 3
	// volume is 7 now
	// context canceled
}

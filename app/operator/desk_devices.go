package operator

import (
	"context"

	"sneakers23/app/devices"
)

// DeviceDesk lets admins do with devices at the dashboard what operators do at the command line.
type DeviceDesk struct{ Operator *Operator }

// Add adds a device.
func (d DeviceDesk) Add(ctx context.Context, name string) (devices.Device, devices.Key, error) {
	type added struct {
		devices.Device
		key devices.Key
	}
	a, err := atDesk(ctx, d.Operator, commandDeviceAdd, name,
		func(ctx context.Context, name string) (a added, err error) {
			a.Device, a.key, err = d.Operator.add(ctx, name)
			return a, err
		})
	return a.Device, a.key, err
}

// Revoke revokes the key of a device.
func (d DeviceDesk) Revoke(ctx context.Context, id devices.ID) error {
	_, err := atDesk(ctx, d.Operator, commandDeviceRevoke, id, d.Operator.revoke)
	return err
}

// Set keeps what variables of a device are to become.
func (d DeviceDesk) Set(ctx context.Context, id devices.ID, variables []devices.Variable) error {
	return d.change(ctx, commandDeviceSet, id, func(ctx context.Context, device devices.Device) error {
		return d.Operator.want(ctx, device, variables)
	})
}

// Unset withdraws what a variable of a device is to become.
func (d DeviceDesk) Unset(ctx context.Context, id devices.ID, variable string) error {
	return d.change(ctx, commandDeviceUnset, id, func(ctx context.Context, device devices.Device) error {
		return d.Operator.unwant(ctx, device, variable)
	})
}

// change changes a device whose key is valid.
func (d DeviceDesk) change(
	ctx context.Context, command string, id devices.ID, do func(context.Context, devices.Device) error,
) error {
	_, err := atDesk(ctx, d.Operator, command, id, func(ctx context.Context, id devices.ID) (none, error) {
		device, err := d.Operator.devices.Get(ctx, id)
		if err != nil {
			return none{}, err
		}
		return none{}, do(ctx, device)
	})
	return err
}

package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"sneakers23/app/devices"
	"sneakers23/inventory"
)

// Device is a device as the command line lists it.
type Device struct {
	ID      int64      `json:"id"`
	Name    string     `json:"name"`
	Created time.Time  `json:"created_at"`
	Seen    *time.Time `json:"seen_at,omitempty"`    // when it was last known to be connected
	Revoked *time.Time `json:"revoked_at,omitempty"` // when its key was revoked

	Key string `json:"key"` // under which --secret its key is stored: current, KeyOlder or KeyLost
}

// States of keys: stored under a secret that is not the first, and under one that is no longer set.
const (
	KeyOlder = string(devices.KeyOlder)
	KeyLost  = string(devices.KeyLost)
)

// DeviceRequest names a device.
type DeviceRequest struct {
	Name string `json:"name"`
}

// AddedDevice is a new device with its key, which can't be read again.
type AddedDevice struct {
	Name string `json:"name"`
	Key  string `json:"key"`
}

// Devices lists all devices by name, those too whose keys were revoked.
func (c *Client) Devices(ctx context.Context) ([]Device, error) {
	return ask[[]Device](ctx, c, commandDevices, none{})
}

// AddDevice adds a device.
func (c *Client) AddDevice(ctx context.Context, q DeviceRequest) (AddedDevice, error) {
	return ask[AddedDevice](ctx, c, commandDeviceAdd, q)
}

// RevokeDevice revokes the key of a device for good. All nodes close its connections within 2 s.
func (c *Client) RevokeDevice(ctx context.Context, q DeviceRequest) (Device, error) {
	return ask[Device](ctx, c, commandDeviceRevoke, q)
}

func (o *Operator) listDevices(ctx context.Context, _ none) ([]Device, error) {
	all, err := o.devices.List(ctx)
	if err != nil {
		return nil, err
	}
	views := make([]Device, len(all))
	for i, d := range all {
		views[i] = viewDevice(d)
	}
	return views, nil
}

func viewDevice(d devices.Device) Device {
	return Device{
		ID: int64(d.ID), Name: d.Name, Created: d.Created, Seen: orNil(d.Seen), Revoked: orNil(d.Revoked),
		Key: string(d.Key),
	}
}

func orNil(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func (o *Operator) addDevice(ctx context.Context, q DeviceRequest) (AddedDevice, error) {
	d, key, err := o.add(ctx, q.Name)
	if err != nil {
		return AddedDevice{}, err
	}
	return AddedDevice{d.Name, string(key)}, nil
}

func (o *Operator) add(ctx context.Context, name string) (devices.Device, devices.Key, error) {
	d, key, err := o.devices.Add(ctx, name, inventory.Actor(ctx))
	if err == nil {
		o.did(ctx, "device is added", "device", d.Name)
	}
	return d, key, err
}

func (o *Operator) revokeDevice(ctx context.Context, q DeviceRequest) (Device, error) {
	d, err := o.devices.Find(ctx, q.Name)
	if err == nil {
		d, err = o.revoke(ctx, d.ID)
	}
	if err != nil {
		return Device{}, err
	}
	return viewDevice(d), nil
}

func (o *Operator) revoke(ctx context.Context, id devices.ID) (devices.Device, error) {
	d, err := o.devices.Revoke(ctx, id, inventory.Actor(ctx))
	if err == nil {
		o.did(ctx, "the key of a device is revoked", "device", d.Name)
	}
	return d, err
}

// wordsOfDevices are what an operator reads of an error of package devices.
func wordsOfDevices(err error) (text string, ok bool) {
	switch {
	case errors.Is(err, devices.ErrNameTaken):
		return "a device of this name exists; see: sneakers23 devices list", true
	case errors.Is(err, devices.ErrNoSuchDevice):
		return "there is no device of this name; see: sneakers23 devices list", true
	case errors.Is(err, devices.ErrRevoked):
		return "the key of this device was revoked before; a device may be added under its name again", true
	case errors.Is(err, devices.ErrBadName):
		return fmt.Sprintf("NAME must be 1 to %d printable characters, without a space at either end", devices.MaxName),
			true
	case errors.Is(err, devices.ErrNotWanted):
		return "nothing is wanted of this variable, or the device has reported it; see: sneakers23 devices vars NAME",
			true
	case errors.Is(err, devices.ErrTooManyVariables):
		return fmt.Sprintf("the device would have more than %d variables", devices.MaxVariables), true
	case errors.Is(err, devices.ErrSearchTooLong):
		return "the search took too long: narrow it down with --device, --since and --until, or search for a rarer word", true
	case errors.Is(err, devices.ErrNoWords):
		return "--text has no word in it to search for", true
	case errors.Is(err, devices.ErrBadMark):
		return "--before must be a place as `devices logs` prints it in its last line", true
	case errors.Is(err, devices.ErrBadQuery):
		return fmt.Sprintf("--text may have 1,000 bytes, and --limit may be from 1 to %d", devices.MaxPage), true
	}
	return "", false
}

//go:build !headless

package main

import "testing"

func TestThereIsNoWindowWithoutAScreen(t *testing.T) {
	for _, tc := range []struct {
		system string
		env    map[string]string
		want   bool
	}{
		{"linux", nil, false},
		{"linux", map[string]string{"DISPLAY": ":0"}, true},
		{"linux", map[string]string{"WAYLAND_DISPLAY": "wayland-0"}, true},
		{"freebsd", nil, false},
		{"windows", nil, true},
		{"darwin", nil, true},
	} {
		if got := hasScreen(tc.system, func(name string) string { return tc.env[name] }); got != tc.want {
			t.Errorf("%s %v: %v", tc.system, tc.env, got)
		}
	}
}

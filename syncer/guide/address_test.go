package guide

import (
	"net/url"
	"strings"
	"testing"
)

func TestAnAddressIsCompletedAsPeopleTypeIt(t *testing.T) {
	for typed, want := range map[string]string{
		" raspberrypi ":                 "http://raspberrypi:5001",
		"192.168.1.20":                  "http://192.168.1.20:5001",
		"192.168.1.20:5002":             "http://192.168.1.20:5002",
		"[fd00::1]":                     "http://[fd00::1]:5001",
		"http://pi:5001/":               "http://pi:5001",
		"https://storage.example/roost": "https://storage.example/roost",
		"":                              "",
		"two words":                     "",
		"ftp://pi":                      "",
		"http://me:secret@pi:5001":      "",
		"http://pi:5001?key=secret":     "",
		"http://pi:notaport":            "",
	} {
		got, err := Address(typed)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%q is %q, want %q, error %v", typed, got, want, err)
		}
		if err != nil && strings.Contains(err.Error(), "secret") {
			t.Errorf("the error of %q holds it", typed)
		}
	}
}

func FuzzAddress(f *testing.F) {
	f.Add("raspberrypi")
	f.Add("https://[::1]:99999/x")
	f.Fuzz(func(t *testing.T, typed string) {
		got, err := Address(typed)
		if err != nil {
			return
		}
		u, err := url.Parse(got)
		if err != nil || u.Hostname() == "" || u.User != nil {
			t.Errorf("%q became %q", typed, got)
		}
		if again, err := Address(got); err != nil || again != got {
			t.Errorf("%q is completed once more to %q, error %v", got, again, err)
		}
	})
}

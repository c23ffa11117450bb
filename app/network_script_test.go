package main

import (
	"bytes"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"
)

// networkCommands are those of a script about private networks.
//
// freeport NAME: a port that nothing listens at. writejson FILE PATH NAME: what jsonhas finds becomes the file NAME.
// secretof KEYFILE: $SECRET is what nobody may see. badkey KEYFILE NAME: the same key with a mistake in it. nosecret DIR…: no
// file there holds $SECRET, but for Kubo's own swarm.key.
var networkCommands = map[string]func(*testscript.TestScript, bool, []string){
	"freeport": func(ts *testscript.TestScript, _ bool, args []string) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		ts.Check(err)
		ts.Setenv(args[0], strconv.Itoa(l.Addr().(*net.TCPAddr).Port))
		ts.Check(l.Close())
	},
	"writejson": func(ts *testscript.TestScript, _ bool, args []string) {
		value, err := jsonAt(ts.ReadFile(args[0]), args[1])
		ts.Check(err)
		ts.Check(os.WriteFile(ts.MkAbs(args[2]), []byte(value+"\n"), 0o600))
	},
	"secretof": func(ts *testscript.TestScript, _ bool, args []string) {
		lines := strings.Fields(ts.ReadFile(args[0]))
		ts.Setenv("SECRET", lines[len(lines)-1])
	},
	"badkey": func(ts *testscript.TestScript, _ bool, args []string) {
		ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(strings.TrimSpace(ts.ReadFile(args[0]))+"7\n"), 0o600))
	},
	"nosecret": func(ts *testscript.TestScript, _ bool, args []string) {
		secret, looked := []byte(ts.Getenv("SECRET")), 0
		if len(secret) != 64 {
			ts.Fatalf("there is no secret to look for")
		}
		for _, dir := range args {
			ts.Check(filepath.WalkDir(ts.MkAbs(dir), func(path string, e fs.DirEntry, err error) error {
				if err != nil || !e.Type().IsRegular() || e.Name() == "swarm.key" {
					return err
				}
				data, err := os.ReadFile(path)
				if looked++; bytes.Contains(bytes.ToLower(data), secret) {
					ts.Fatalf("the key stands in %s", path)
				}
				return err
			}))
		}
		if looked == 0 {
			ts.Fatalf("there is no file in %q", args)
		}
	},
}

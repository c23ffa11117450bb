package main

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Nothing here was ever run: there was no Mac to run it on.

func (s *service) label() string { return "io.github.roost." + s.name }

// place is the launch agent's file.
func (s *service) place() string {
	return filepath.Join(s.env("HOME"), "Library", "LaunchAgents", s.label()+".plist")
}

func (s *service) install(ctx context.Context) (next string, err error) {
	if err := s.write(s.agent()); err != nil {
		return "", err
	}
	if err := launchctl(ctx, "bootstrap", domain(), s.place()); err != nil {
		return "It starts at the next log-in.", nil // the file is what counts
	}
	return "", nil
}

func (s *service) remove(ctx context.Context) error {
	there, err := s.installed()
	if err != nil || !there {
		return err
	}
	stopped := launchctl(ctx, "bootout", domain()+"/"+s.label())
	return errors.Join(os.Remove(s.place()), stopped)
}

func domain() string { return fmt.Sprintf("gui/%d", os.Getuid()) }

func launchctl(ctx context.Context, args ...string) error {
	out, err := exec.CommandContext(ctx, "launchctl", args...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("launchctl %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// agent is the launch agent's file.
func (s *service) agent() []byte {
	var b bytes.Buffer
	text := func(tag, value string) {
		b.WriteString("<" + tag + ">")
		_ = xml.EscapeText(&b, []byte(value)) // a buffer takes everything
		b.WriteString("</" + tag + ">\n")
	}
	b.WriteString(xml.Header + `<!DOCTYPE plist PUBLIC "-//Apple//DTD PLIST 1.0//EN" "http://www.apple.com/DTDs/PropertyList-1.0.dtd">
<plist version="1.0"><dict>
`)
	text("key", "Label")
	text("string", s.label())
	text("key", "ProgramArguments")
	b.WriteString("<array>\n")
	for _, arg := range s.arguments() {
		text("string", arg)
	}
	b.WriteString("</array>\n")
	text("key", "EnvironmentVariables")
	b.WriteString("<dict>\n")
	for _, v := range s.setting {
		name, value, _ := strings.Cut(v, "=")
		text("key", name)
		text("string", value)
	}
	b.WriteString(`</dict>
<key>RunAtLoad</key><true/>
`)
	if slices.Contains(s.does, "run") {
		b.WriteString(`<key>KeepAlive</key><dict><key>SuccessfulExit</key><false/></dict>
<key>ThrottleInterval</key><integer>30</integer>
<key>ProcessType</key><string>Background</string>
<key>LowPriorityIO</key><true/>
<key>Nice</key><integer>10</integer>
`)
	}
	text("key", "StandardErrorPath")
	text("string", filepath.Join(s.env("HOME"), "Library", "Logs", s.label()+".log"))
	b.WriteString("</dict></plist>\n")
	return b.Bytes()
}

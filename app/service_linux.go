package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// place is the unit's file; "" where the account has no home.
func (s *service) place() string {
	config := s.env("XDG_CONFIG_HOME")
	if !filepath.IsAbs(config) { // a relative one has to be ignored, says the standard
		config = filepath.Join(s.env("HOME"), ".config")
	}
	return filepath.Join(config, "systemd", "user", s.unitName())
}

func (s *service) unitName() string { return s.name + ".service" }

func (s *service) install(ctx context.Context) (next string, err error) {
	if err := s.write([]byte(s.unit())); err != nil {
		return "", err
	}
	if !systemdRuns(ctx) {
		return fmt.Sprintf("systemd does not run for this account now. Where it does: systemctl --user enable --now %s\nWithout it: %s",
			s.unitName(), strings.Join(s.shellWords(), " ")), nil
	}
	if err := systemctl(ctx, "daemon-reload"); err != nil {
		return "", err
	}
	if err := systemctl(ctx, "enable", "--now", s.unitName()); err != nil {
		return "", err
	}
	return "It runs while you are logged in. For always: loginctl enable-linger", nil
}

func (s *service) remove(ctx context.Context) error {
	there, err := s.installed()
	if err != nil || !there {
		return err
	}
	runs := systemdRuns(ctx)
	if runs {
		if err := systemctl(ctx, "disable", "--now", s.unitName()); err != nil {
			return err
		}
	}
	if err := os.Remove(s.place()); err != nil {
		return err
	}
	if runs {
		return systemctl(ctx, "daemon-reload")
	}
	return nil
}

// systemdRuns tells whether this account's systemd can be asked.
func systemdRuns(ctx context.Context) bool { return systemctl(ctx, "show-environment") == nil }

// systemctlPatience is for what it starts to be ready, too.
const systemctlPatience = time.Minute

func systemctl(ctx context.Context, args ...string) error {
	ctx, cancel := context.WithTimeout(ctx, systemctlPatience)
	defer cancel()
	out, err := exec.CommandContext(ctx, "systemctl", append([]string{"--user"}, args...)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("systemctl --user %s: %w: %s", strings.Join(args, " "), err, strings.TrimSpace(string(out)))
	}
	return nil
}

// unit is the unit's file. Roost reads and restores wherever its account may, so that nothing of the file system is kept
// from it; ProtectSystem and the like would also show it files of other owners as nobody's. A failure, such as a keyring
// that is still locked or a window that keeps the folders at the moment, is tried again for as long as it takes.
func (s *service) unit() string {
	var b strings.Builder
	b.WriteString(`# Written by roost service install; roost service remove removes it.
[Unit]
Description=Roost keeps folders safe
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=`)
	for i, arg := range s.arguments() {
		if i > 0 {
			b.WriteString(" ")
		}
		b.WriteString(unitWord(arg, i > 0))
	}
	b.WriteString("\n")
	for _, v := range s.setting {
		b.WriteString("Environment=" + unitWord(v, false) + "\n")
	}
	b.WriteString(`Restart=on-failure
RestartSec=30
RestartPreventExitStatus=2
TimeoutStopSec=20
Nice=10
CPUWeight=20
IOWeight=20
IOSchedulingClass=best-effort
IOSchedulingPriority=7
NoNewPrivileges=yes
LockPersonality=yes
MemoryDenyWriteExecute=yes
RestrictRealtime=yes
RestrictNamespaces=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native

[Install]
WantedBy=default.target
`)
	return b.String()
}

// unitWord quotes a word of a unit's file. Only an argument's dollar is one that systemd would replace.
func unitWord(word string, argument bool) string {
	var b strings.Builder
	b.WriteByte('"')
	for i := range len(word) {
		switch c := word[i]; {
		case c == '"' || c == '\\':
			b.WriteString(`\` + string(c))
		case c == '%':
			b.WriteString("%%")
		case c == '$' && argument:
			b.WriteString("$$")
		case c < ' ' || c >= 0x7f:
			fmt.Fprintf(&b, `\x%02x`, c)
		default:
			b.WriteByte(c)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// shellWords are the arguments as they can be typed.
func (s *service) shellWords() []string {
	var words []string
	for _, word := range s.arguments() {
		if strings.ContainsFunc(word, func(r rune) bool { return !strings.ContainsRune("/-_.=:+", r) && !isPlain(r) }) {
			word = "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
		}
		words = append(words, word)
	}
	return words
}

func isPlain(r rune) bool {
	return 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9'
}

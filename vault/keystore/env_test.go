package keystore

import (
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

// from is FromEnv with files that cost little.
func from(t *testing.T, home string, env map[string]string, ask func(string) ([]byte, error)) Store {
	t.Helper()
	s, err := FromEnv(home, func(name string) string { return env[name] }, ask)
	if err != nil {
		t.Fatal(err)
	}
	if file, ok := s.(fileStore); ok {
		file.cost = minCost
		return file
	}
	return s
}

func TestTheEnvironmentChoosesTheStore(t *testing.T) {
	home := t.TempDir()
	for _, kind := range []string{"", "keyring"} {
		if s := from(t, home, map[string]string{"ROOST_KEYSTORE": kind}, nil); reflect.TypeOf(s) != reflect.TypeOf(Keyring()) {
			t.Errorf("%q: %T", kind, s)
		}
	}
	ask := func(string) ([]byte, error) { return []byte("secret"), nil }
	s := from(t, home, map[string]string{"ROOST_KEYSTORE": "file"}, ask)
	if err := s.Set(t.Context(), vaultA, masterKey); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(home, "master.key")); err != nil {
		t.Error(err)
	}
	if s := from(t, home, map[string]string{"ROOST_KEYSTORE": "keyring"}, nil); reflect.TypeOf(s) != reflect.TypeOf(Keyring()) {
		t.Errorf("%T, although the keyring was asked for", s)
	}
	for _, kind := range []string{"File", "plain", "keyring,file", " "} {
		_, err := FromEnv(home, func(string) string { return kind }, ask)
		if err == nil || !strings.Contains(err.Error(), "keyring or file") {
			t.Errorf("%q: %v", kind, err)
		}
	}
}

func TestAPassphraseFileLosesOneLineEnding(t *testing.T) {
	home := t.TempDir()
	path := filepath.Join(home, "passphrase")
	env := map[string]string{"ROOST_KEYSTORE": "file", "ROOST_PASSPHRASE_FILE": path}
	never := func(string) ([]byte, error) { return nil, errors.New("asked a person") }
	s := from(t, home, env, never)
	writeFile(t, path, []byte("two words"))
	if err := s.Set(t.Context(), vaultA, masterKey); err != nil {
		t.Fatal(err)
	}
	for text, want := range map[string]error{
		"two words":         nil,
		"two words\n":       nil,
		"two words\r\n":     nil,
		"two words\n\n":     ErrWrongPassphrase,
		"two words\r\n\r\n": ErrWrongPassphrase,
		"two words\r":       ErrWrongPassphrase,
		"two words ":        ErrWrongPassphrase,
		" two words\n":      ErrWrongPassphrase,
		"":                  ErrNoPassphrase,
		"\n":                ErrNoPassphrase,
		"\r\n":              ErrNoPassphrase,
	} {
		writeFile(t, path, []byte(text))
		key, err := s.Get(t.Context(), vaultA)
		if want == nil && (err != nil || key != masterKey) {
			t.Errorf("%q: %v", text, err)
		}
		if want != nil {
			if err := wantOnly(err, want); err != nil {
				t.Errorf("%q: %v", text, err)
			}
		}
	}
	writeFile(t, path, make([]byte, maxPassphrase+1))
	if _, err := s.Get(t.Context(), vaultA); wantOnly(err, ErrNoPassphrase) != nil {
		t.Errorf("too large: %v", err)
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err := s.Get(t.Context(), vaultA)
	if wantOnly(err, ErrNoPassphrase) != nil || !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("missing: %v", err)
	}
}

func TestANewPassphraseIsAskedTwice(t *testing.T) {
	home := t.TempDir()
	env := map[string]string{"ROOST_KEYSTORE": "file"}
	var prompts []string
	answers := func(texts ...string) func(string) ([]byte, error) {
		prompts = nil
		return func(prompt string) ([]byte, error) {
			prompts = append(prompts, prompt)
			text := texts[0]
			texts = texts[1:]
			return []byte(text), nil
		}
	}
	if err := from(t, home, env, answers("secret", "secert")).Set(t.Context(), vaultA, masterKey); err == nil {
		t.Error("accepted two that differ")
	}
	if err := from(t, home, env, answers("")).Set(t.Context(), vaultA, masterKey); wantOnly(err, ErrNoPassphrase) != nil {
		t.Errorf("empty: %v", err)
	}
	if _, err := from(t, home, env, nil).Get(t.Context(), vaultA); wantOnly(err, ErrNotFound) != nil {
		t.Errorf("written all the same: %v", err)
	}
	if err := from(t, home, env, answers("secret", "secret")).Set(t.Context(), vaultA, masterKey); err != nil {
		t.Fatal(err)
	}
	if len(prompts) != 2 || prompts[0] == prompts[1] {
		t.Errorf("prompts: %q", prompts)
	}
	if key, err := from(t, home, env, answers("secret")).Get(t.Context(), vaultA); err != nil || key != masterKey {
		t.Errorf("%x, %v", key, err)
	}
	if len(prompts) != 1 {
		t.Errorf("prompts: %q", prompts)
	}
	_, err := from(t, home, env, nil).Get(t.Context(), vaultA)
	if err := wantOnly(err, ErrNoPassphrase); err != nil {
		t.Error(err)
	}
}

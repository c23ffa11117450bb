package format

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"
)

// wordVectors are BIP-39's reference vectors of 256 bits (trezor/python-mnemonic: the first set, then those it has now).
var wordVectors = []struct{ entropy, words string }{
	{
		"0000000000000000000000000000000000000000000000000000000000000000",
		"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon " +
			"abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon art",
	},
	{
		"7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f",
		"legal winner thank year wave sausage worth useful legal winner thank year " +
			"wave sausage worth useful legal winner thank year wave sausage worth title",
	},
	{
		"8080808080808080808080808080808080808080808080808080808080808080",
		"letter advice cage absurd amount doctor acoustic avoid letter advice cage absurd " +
			"amount doctor acoustic avoid letter advice cage absurd amount doctor acoustic bless",
	},
	{
		"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
		"zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo " +
			"zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo zoo vote",
	},
	{
		"3e141609b97933b66a060dcddc71fad1d91677db872031e85f4c015c5e7e8982",
		"dignity pass list indicate nasty swamp pool script soccer toe leaf photo " +
			"multiply desk host tomato cradle drill spread actor shine dismiss champion exotic",
	},
	{
		"2c85efc7f24ee4573d2b81a6ec66cee209b2dcbd09d8eddc51e0215b0b68e416",
		"clutch control vehicle tonight unusual clog visa ice plunge glimpse recipe series " +
			"open hour vintage deposit universe tip job dress radar refuse motion taste",
	},
	{
		"4fa1a8bc3e6d80ee1316050e862c1812031493212b7ec3f3bb1b08f168cabeef",
		"exile ask congress lamp submit jacket era scheme attend cousin alcohol catch " +
			"course end lucky hurt sentence oven short ball bird grab wing top",
	},
	{
		"15da872c95a13dd738fbf50e427583ad61f18fd99f628c417a61cf8343c90419",
		"beyond stage sleep clip because twist token leaf atom beauty genius food " +
			"business side grid unable middle armed observe pair crouch tonight away coconut",
	},
	{
		"68a79eaca2324873eacc50cb9c6eca8cc68ea5d936f98787c60c7ebc74e6ce7c",
		"hamster diagram private dutch cause delay private meat slide toddler razor book " +
			"happy fancy gospel tennis maple dilemma loan word shrug inflict delay length",
	},
	{
		"9f6a2878b2520799a44ef18bc7df394e7061a224d2c33cd015b157d746869863",
		"panda eyebrow bullet gorilla call smoke muffin taste mesh discover soft ostrich " +
			"alcohol speed nation flash devote level hobby quick inner drive ghost inside",
	},
	{
		"066dca1a2bb7e8a1db2832148ce9933eea0f3ac9548d793112d9a95c9407efad",
		"all hour make first leader extend hole alien behind guard gospel lava " +
			"path output census museum junior mass reopen famous sing advance salt reform",
	},
	{
		"f585c11aec520db57dd353c69554b21a89b20fb0650966fa0a9d6f74fd989d8f",
		"void come effort suffer camp survey warrior heavy shoot primary clutch crush " +
			"open amazing screen patrol group space point ten exist slush involve unfold",
	},
}

func wordEntropy(t testing.TB, text string) [32]byte {
	t.Helper()
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != 32 {
		t.Fatalf("entropy %q: %v", text, err)
	}
	return [32]byte(b)
}

// wordRandom returns reproducible entropies.
func wordRandom(n int) [][32]byte {
	source := rand.NewChaCha8([32]byte{7})
	all := make([][32]byte, n)
	for i := range all {
		_, _ = source.Read(all[i][:]) // never fails
	}
	return all
}

func TestWordListIsTheOfficialOne(t *testing.T) {
	const official = "2f5eed53a4727b4bf8880d8f3f199efc90e58503646d9ff8eff3a2ed3b24dbda"
	if got := fmt.Sprintf("%x", sha256.Sum256([]byte(wordFile))); got != official {
		t.Fatalf("wordlist_english.txt has SHA-256 %s, not %s", got, official)
	}
	if len(wordList) != 1<<wordBits || !slices.IsSorted(wordList) {
		t.Fatalf("%d words, sorted %v", len(wordList), slices.IsSorted(wordList))
	}
	prefixes := map[string]bool{}
	for _, word := range wordList {
		prefixes[word[:min(len(word), wordPrefix)]] = true
		if len(word) > wordShown {
			t.Errorf("%q is longer than %d letters", word, wordShown)
		}
	}
	if len(prefixes) != len(wordList) {
		t.Errorf("%d prefixes for %d words", len(prefixes), len(wordList))
	}
}

func TestWordsMatchTheOfficialVectors(t *testing.T) {
	for _, v := range wordVectors {
		entropy := wordEntropy(t, v.entropy)
		if got := strings.Join(WordsFromEntropy(entropy), " "); got != v.words {
			t.Errorf("%s gives\n%s, not\n%s", v.entropy, got, v.words)
		}
		got, err := EntropyFromWords(v.words)
		if err != nil || got != entropy {
			t.Errorf("%s… gives %x, %v", v.words[:20], got, err)
		}
	}
}

func TestWordsBringBackAnyEntropy(t *testing.T) {
	for _, entropy := range wordRandom(2000) {
		got, err := EntropyFromWords(strings.Join(WordsFromEntropy(entropy), " "))
		if err != nil || got != entropy {
			t.Fatalf("%x came back as %x, %v", entropy, got, err)
		}
	}
}

func TestWordsAreForgivenHowTheyAreWritten(t *testing.T) {
	each := func(separator string, write func(i int, word string) string) func([]string) string {
		return func(words []string) string {
			out := make([]string, len(words))
			for i, word := range words {
				out[i] = write(i, word)
			}
			return strings.Join(out, separator)
		}
	}
	same := func(_ int, word string) string { return word }
	numbered := func(format string) func(int, string) string {
		return func(i int, word string) string { return fmt.Sprintf(format, i+1, word) }
	}
	wide := func(_ int, word string) string {
		return strings.Map(func(r rune) rune { return r - 'a' + 'A' }, word) // full-width capitals
	}
	cut := func(n int) func(int, string) string {
		return func(_ int, word string) string { return word[:min(n, len(word))] }
	}
	for name, write := range map[string]func([]string) string{
		"capitals":             each(" ", func(_ int, w string) string { return strings.ToUpper(w) }),
		"first letter capital": each(" ", func(_ int, w string) string { return strings.ToUpper(w[:1]) + w[1:] }),
		"white space":          each(" \t\r\n\u00a0\u3000 ", same),
		"lines":                each("\r\n", same),
		"commas":               each(",", same),
		"commas and space":     each(" , ", same),
		"semicolons":           each("; ", same),
		"full stop at the end": func(w []string) string { return strings.Join(w, " ") + "." },
		"quotes":               each(" ", func(_ int, w string) string { return "“" + w + "”" }),
		"invisible marks":      each("\u200b", func(_ int, w string) string { return "\ufeff" + w + "\u200e" }),
		"numbers 1.":           each("\n", numbered("%d. %s")),
		"numbers 1.word":       each(" ", numbered("%d.%s")),
		"numbers 1)":           each("\n", numbered("%d) %s")),
		"numbers (1)":          each("\n", numbered("(%d) %s")),
		"numbers 12:":          each(" ", numbered("%d: %s")),
		"numbers 12:word":      each(" ", numbered("%d:%s")),
		"numbers bare":         each(" ", numbered("%d %s")),
		"numbers glued":        each(" ", numbered("%d%s")),
		"numbers #01 -":        each("\n", numbered("#%02d - %s")),
		"numbers on own lines": each("\n", numbered("%d.\n%s")),
		"bullets":              each("\n", func(_ int, w string) string { return "• " + w }),
		"full width":           each("\u3000", wide),
		"four letters":         each(" ", cut(4)),
		"five letters":         each(" ", cut(5)),
		"four capital letters": each(",", func(_ int, w string) string { return strings.ToUpper(w[:min(4, len(w))]) }),
	} {
		t.Run(name, func(t *testing.T) {
			for _, entropy := range wordRandom(50) {
				text := write(WordsFromEntropy(entropy))
				got, err := EntropyFromWords(text)
				if err != nil || got != entropy {
					t.Fatalf("%q: %x, %v", text, got, err)
				}
			}
		})
	}
}

func TestAnUnknownWordIsNamedWithTheNearestOnes(t *testing.T) {
	for _, test := range []struct {
		word string
		near []string
		text string
	}{
		{"canel", []string{"canal", "cancel", "panel"}, "word 7 isn't in the list. Did you mean canal, cancel or panel?"},
		{"canall", []string{"canal"}, "word 7 isn't in the list. Did you mean canal?"},
		{"CANLA", []string{"canal"}, "word 7 isn't in the list. Did you mean canal?"}, // two letters swapped
		{"c1ap", []string{"clap"}, "word 7 isn't in the list. Did you mean clap?"},
		{"zo", []string{"zoo"}, "word 7 isn't in the list. Did you mean zoo?"},
		{"abandoned", []string{"abandon"}, "word 7 isn't in the list. Did you mean abandon?"},
		{"Abandön", []string{"abandon"}, "word 7 isn't in the list. Did you mean abandon?"},
		{"7.abandoon", []string{"abandon"}, "word 7 isn't in the list. Did you mean abandon?"},
		{"мама", nil, "word 7 isn't in the list"},
		{"qqqqqqq", nil, "word 7 isn't in the list"},
	} {
		words := WordsFromEntropy([32]byte{})
		words[6] = test.word
		for range 3 { // the same answer each time
			_, err := EntropyFromWords(strings.Join(words, " "))
			var unknown *WordError
			if !errors.As(err, &unknown) {
				t.Fatalf("%s: %v", test.word, err)
			}
			if unknown.Index != 7 || !reflect.DeepEqual(unknown.Suggestions, test.near) || err.Error() != test.text {
				t.Errorf("%s: %#v, %q", test.word, unknown, err)
			}
		}
	}
}

func TestAnUnknownWordIsNamedBeforeTheCountIsBlamed(t *testing.T) {
	// A forgotten space both loses a word and makes an unknown one: the place is what helps.
	words := WordsFromEntropy([32]byte{})
	_, err := EntropyFromWords("abandonabandon " + strings.Join(words[2:], " "))
	var unknown *WordError
	if !errors.As(err, &unknown) || unknown.Index != 1 {
		t.Fatalf("%v", err)
	}
}

// A paste without spaces is one long "word" that holds the whole secret.
func TestWordErrorsNeverRepeatThePhrase(t *testing.T) {
	words := WordsFromEntropy(wordRandom(1)[0])
	_, err := EntropyFromWords(strings.Join(words, ""))
	var unknown *WordError
	if !errors.As(err, &unknown) {
		t.Fatalf("%v", err)
	}
	if len([]rune(unknown.Word)) > wordShown+1 || len(unknown.Suggestions) != 0 {
		t.Errorf("%#v", unknown)
	}
	_, err = EntropyFromWords(strings.Repeat("x", 1<<20))
	if len(err.Error()) > 100 {
		t.Errorf("%d bytes of error", len(err.Error()))
	}
}

func TestAWrongNumberOfWordsIsCounted(t *testing.T) {
	words := WordsFromEntropy([32]byte{})
	for _, n := range []int{0, 1, 12, 23, 25, 48} {
		text := strings.Join(slices.Concat(words, words)[:n], " ")
		_, err := EntropyFromWords(text)
		var count *WordCountError
		if !errors.As(err, &count) || count.Got != n {
			t.Errorf("%d words: %v", n, err)
		}
	}
	_, err := EntropyFromWords("1. 2. 3.\n—")
	if want := "it takes 24 words, and these are 0"; err == nil || err.Error() != want {
		t.Errorf("%v", err)
	}
}

func TestSwappedOrReplacedWordsFailTheChecksum(t *testing.T) {
	words := strings.Fields(wordVectors[len(wordVectors)-1].words)
	swapped := slices.Clone(words)
	swapped[3], swapped[4] = swapped[4], swapped[3]
	replaced := slices.Clone(words)
	replaced[0] = "zoo"
	for _, text := range [][]string{swapped, replaced} {
		got, err := EntropyFromWords(strings.Join(text, " "))
		if !errors.Is(err, ErrWordsChecksum) || got != [32]byte{} {
			t.Errorf("%v", err)
		}
	}
	// With the first 23 words fixed, exactly one in 256 last words is accepted.
	accepted := 0
	for _, last := range wordList {
		if _, err := EntropyFromWords(strings.Join(words[:23], " ") + " " + last); err == nil {
			accepted++
		}
	}
	if accepted != 8 {
		t.Errorf("%d last words accepted", accepted)
	}
}

func TestWordSuggestCompletesWhatIsTyped(t *testing.T) {
	for _, test := range []struct {
		prefix string
		limit  int
		want   []string
	}{
		{"ab", 3, []string{"abandon", "ability", "able"}},
		{" ZO", 9, []string{"zone", "zoo"}},
		{"canal", 9, []string{"canal"}},
		{"act", 2, []string{"act", "action"}},
		{"canalx", 9, []string{}},
		{"zzz", 9, []string{}},
		{"", 9, nil},
		{"ab", 0, nil},
	} {
		if got := WordSuggest(test.prefix, test.limit); !reflect.DeepEqual(got, test.want) {
			t.Errorf("%q: %#v", test.prefix, got)
		}
	}
	WordSuggest("abandon", 1)[0] = "changed"
	if wordList[0] != "abandon" {
		t.Error("a caller can change the list")
	}
}

func TestFingerprintIsFourWordsOfTheFirst44Bits(t *testing.T) {
	for _, test := range []struct {
		b    []byte
		want string
	}{
		{make([]byte, 6), "abandon-abandon-abandon-abandon"},
		{bytes.Repeat([]byte{0xff}, 32), "zoo-zoo-zoo-zoo"},
		{[]byte{0x80, 0, 0, 0, 0, 0}, "length-abandon-abandon-abandon"},
		{[]byte{0, 0, 0, 0, 0, 0x1f, 0xff}, "abandon-abandon-abandon-ability"},
	} {
		if got := Fingerprint(test.b); got != test.want {
			t.Errorf("%x: %s", test.b, got)
		}
	}
}

func FuzzEntropyFromWords(f *testing.F) {
	for _, v := range wordVectors {
		f.Add(v.words)
	}
	f.Add("1. abandon 2) ability 12: ABLE, abou")
	f.Add("canla \u0301\ufdfa \xff\xfe ① ﬃ İ")
	f.Fuzz(func(t *testing.T, text string) {
		entropy, err := EntropyFromWords(text)
		if err != nil {
			var unknown *WordError
			var count *WordCountError
			switch {
			case errors.As(err, &unknown):
				if unknown.Index < 1 || len([]rune(unknown.Word)) > wordShown+wordTypo || unknown.Word == "" {
					t.Fatalf("%#v", unknown)
				}
			case errors.As(err, &count):
				if count.Got == WordCount {
					t.Fatalf("%#v", count)
				}
			case !errors.Is(err, ErrWordsChecksum):
				t.Fatalf("%v", err)
			}
			if entropy != [32]byte{} {
				t.Fatal("entropy beside an error")
			}
			return
		}
		again, err := EntropyFromWords(strings.Join(WordsFromEntropy(entropy), " "))
		if err != nil || again != entropy {
			t.Fatalf("%x came back as %x, %v", entropy, again, err)
		}
	})
}

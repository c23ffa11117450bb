package assets

import "embed"

// TranslationsDir is where Translations keeps its files, one a language: its tag and ".json". The keys
// are the English sentences of the source.
const TranslationsDir = "translations"

//go:embed translations/*.json
var Translations embed.FS

package main

// What a moderator who wants to protect young people might put on a list, from
// the same public leaflets as the detector's rules. A plain list knows single
// words or whole phrases, nothing else.

// listWords are for lists of single words.
func listWords() []string {
	return []string{
		"nudes", "nude", "selfie", "pic", "pics", "photo", "webcam", "cam", "secret", "snap", "snapchat", "whatsapp",
		"telegram", "address", "alone", "parents", "mature", "virgin", "robux", "blackmail", "suicide", "suicidal",
		"kms", "touched", "groomed",
	}
}

// listPhrases are for lists of phrases.
func listPhrases() []string {
	return []string{
		"send nudes", "send me a pic", "send a pic", "send me a photo", "send me a selfie", "our secret", "our little secret",
		"dont tell your", "don't tell your", "dont tell anyone", "don't tell anyone", "delete this chat", "home alone",
		"are your parents", "how old are you", "how old r u", "what school", "your address", "your snap", "add me on snap",
		"whats your number", "meet up irl", "mature for your age", "gift card", "kill myself", "want to die", "hurt myself",
		"cut myself", "tell your parents", "post your pics", "share your pics", "blackmailing me", "touched me", "leaked my",
	}
}

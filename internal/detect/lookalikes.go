package detect

// lookalikes lists, for each letter, the characters that people write instead
// of it and that Unicode does not itself decompose to it: small capitals,
// squared and circled letters, regional indicators and letters with strokes
// (taken from their Unicode names), and Cyrillic, Greek, Armenian and Cherokee
// look-alikes (by hand). It is not the Unicode confusables skeleton, which
// would turn "m" into "rn" and "1" into "l" in ordinary text.
var lookalikes = [26]string{
	'a' - 'a': "ȺɑΑαАаᎪᴀᶏẚⱥꭺ🅐🅰🇦",
	'b' - 'a': "ƀƁƂƃƄɃɓʙΒβВЬᏴᵬᶀꞖꞗ🅑🅱🇧",
	'c' - 'a': "ƇƈȻȼɕϲСсᏟᴄⅽꞒꞓꞔꟄ𝼝🅒🅲🇨",
	'd' - 'a': "ĐđƊƋƌȡɖɗԁᎠᴅᵭᶁᶑⅾꟇꟈ🅓🅳🇩",
	'e' - 'a': "ɆɇɛΕεЕеєҽᎬᴇᶒ℮ℯⱸꬴ🅔🅴🇪",
	'f' - 'a': "ſƑƒϝᵮᶂẝꜰꞘꞙ🅕🅵🇫",
	'g' - 'a': "ƓǤǥɠɡɢԍցᏀᶃꞠꞡ🅖🅶🇬",
	'h' - 'a': "ĦħɦʜΗНһհᎻⱧⱨꞕꞪ🅗🅷🇭",
	'i' - 'a': "ıƗɨɩɪΙιІіӏᎥᶖ𝼚🅘🅸🇮",
	'j' - 'a': "ȷɈɉʝϳЈјᎫᴊꞲ🅙🅹🇯",
	'k' - 'a': "ƘƙΚκКкᏦᴋᶄⱩⱪꝀꝁꝂꝃꝄꝅꞢꞣ🅚🅺🇰",
	'l' - 'a': "ĿŀŁłƚȴȽɫɬɭʟӀᏞᶅⅼⱠⱡⱢꝈꝉꞎꞭꬷꬸꬹ𝼑𝼓🅛🅻🇱",
	'm' - 'a': "ɯɱΜМмᎷᴍᵯᶆⅿⱮꬺ🅜🅼🇲",
	'n' - 'a': "ƝƞȠȵɲɳɴΝηипոռᵰᶇꞐꞑꞤꞥꬻ🅝🅽🇳",
	'o' - 'a': "ØøƟǾǿΟθοσОоօᎾᴏⱺꝊꝋꝌꝍ𝼛🅞🅾🇴",
	'p' - 'a': "ƤƥΡρРрᏢᴘᵱᵽᶈⱣꝐꝑꝒꝓꝔꝕ🅟🅿🇵",
	'q' - 'a': "ɋʠԛգꝖꝗꝘꝙꞯ🅠🆀🇶",
	'r' - 'a': "ɌɍɼɽɾʀгяᎡᵲᵳᶉⱤꞦꞧꭉ𝼖🅡🆁🇷",
	's' - 'a': "ƽȿʂЅѕᏚᵴᶊⱾꜱꞨꞩꟅꟉꟊ𝼞🅢🆂🇸",
	't' - 'a': "ŦŧƫƬƭƮȶȾʈΤτТтᎢᴛᵵ†ⱦ𝼉🅣🆃🇹",
	'u' - 'a': "μυцսᴜᶙꞸꞹꭎꭒ🅤🆄🇺",
	'v' - 'a': "ƲʋνѵᏙᴠᶌⅴⱱⱴꝞꝟ🅥🆅🇻",
	'w' - 'a': "ωшѡԝᎳᴡⱲⱳ🅦🆆🇼",
	'x' - 'a': "ΧχХхᶍⅹꭖꭗꭘꭙ🅧🆇🇽",
	'y' - 'a': "ƳƴɎɏʏΥγУуүᎩỾỿꭚ🅨🆈🇾",
	'z' - 'a': "ƵƶȤȥɀʐʑΖᏃᴢᵶᶎⱫⱬⱿꟆ🅩🆉🇿",
}

// upsideDown pairs each turned letter with the letter that it stands for.
const upsideDown = "ɐaɔcǝeɟfƃgɓgɥhᴉiıiɾjʞkןlɯmɹrʇtʌvʍwʎyʅl˙.¿?¡!"

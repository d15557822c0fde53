package load

// Words are queries of one and two words, as people type them, in the six official languages.
func Words() []string {
	return []string{
		"outbreak", "laboratory", "harvest festival", "contaminated water",
		"épidémie", "laboratoire", "eau contaminée",
		"brote", "laboratorio", "agua contaminada",
		"вспышка", "лаборатория", "загрязнённая вода",
		"تفشي", "مختبر", "مياه ملوثة",
		"暴发", "实验室", "污染 水",
	}
}

// Concepts are names of agents, diseases and places, by which records are found whatever words and language they use.
func Concepts() []string {
	return []string{
		"cholera", "anthrax", "yellow fever", "avian influenza",
		"choléra", "fièvre jaune", "peste porcine",
		"cólera", "fiebre amarilla", "carbunco",
		"холера", "сибирская язва", "туляремия",
		"الكوليرا", "الجمرة الخبيثة", "حمى صفراء",
		"霍乱", "炭疽", "黄热病",
	}
}

// Prefixes are what people have typed when suggestions are asked for.
func Prefixes() []string {
	return []string{"ch", "chol", "anth", "f", "fiè", "сиб", "хол", "الك", "霍", "infl", "lab", "bru"}
}

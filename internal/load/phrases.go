package load

import (
	"math/rand/v2"
	"strings"
)

// phrases are what generated texts are made of, frequent ones first. Those that Words asks for are among them.
func phrases(language string) []string {
	switch language {
	case "ar":
		return []string{
			"أُبلغ عن تفشي المرض في", "أكدت نتائج المختبر الحالات في", "تلوثت مياه ملوثة قرب", "نُقل المرضى إلى مستشفى", "بدأت حملة التطعيم في",
			"أُغلقت المدارس في", "جمع المحققون عينات من", "انتهى التفشي في", "لم تُسجل حالات جديدة في", "فُحص المخالطون في", "نفقت الطيور في", "أُتلفت المحاصيل في",
		}
	case "zh":
		return []string{
			"报告发生暴发", "实验室确认病例", "饮用水受到污染", "患者被送往医院", "开展疫苗接种", "学校停课", "调查人员采集样本", "疫情结束", "没有新病例", "密切接触者接受检查", "家禽死亡", "庄稼受害",
		}
	case "fr":
		return []string{
			"une épidémie a été signalée à", "le laboratoire a confirmé les cas de", "de l'eau contaminée a été trouvée à", "les malades ont été soignés à",
			"une campagne de vaccination a commencé à", "les écoles ont fermé à", "les enquêteurs ont prélevé des échantillons à", "l'épisode a pris fin à",
			"aucun nouveau cas à", "les contacts ont été suivis à", "des oiseaux sont morts à", "les récoltes ont été touchées à",
		}
	case "ru":
		return []string{
			"вспышка зарегистрирована в", "лаборатория подтвердила случаи в", "загрязнённая вода обнаружена в", "больные доставлены в больницу", "начата вакцинация в",
			"школы закрыты в", "взяты пробы в", "вспышка закончилась в", "новых случаев нет в", "наблюдали контактных в", "погибли птицы в", "пострадали посевы в",
		}
	case "es":
		return []string{
			"se notificó un brote en", "el laboratorio confirmó los casos de", "se halló agua contaminada en", "los enfermos fueron atendidos en",
			"empezó la vacunación en", "cerraron las escuelas de", "los investigadores tomaron muestras en", "el brote terminó en", "no hubo casos nuevos en",
			"se examinó a los expuestos en", "murieron aves en", "se dañaron los cultivos de",
		}
	}
	return []string{
		"an outbreak was reported in", "the laboratory confirmed cases from", "contaminated water was found near", "patients were treated in", "vaccination began in",
		"schools closed in", "investigators took samples in", "people fell ill after a harvest festival in", "the event ended in", "no new cases came from",
		"contacts were followed in", "birds died near", "crops were damaged around",
	}
}

// namesInvented is how many words a language has besides those of phrases and vocabularies.
const namesInvented = 20_000

// inventNames makes words that no language has.
func inventNames(r *rand.Rand, language string) []string {
	starts, ends := syllables(language)
	names, seen := make([]string, 0, namesInvented), map[string]bool{}
	for len(names) < namesInvented {
		var b strings.Builder
		for range 2 + r.IntN(2) {
			b.WriteString(starts[r.IntN(len(starts))])
		}
		b.WriteString(ends[r.IntN(len(ends))])
		if name := b.String(); !seen[name] {
			seen[name] = true
			names = append(names, name)
		}
	}
	return names
}

func syllables(language string) (starts, ends []string) {
	switch language {
	case "ar":
		return strings.Fields("با دو ري سا كو لا مي نو فا حا طو زا شي عا قو"), strings.Fields("بر دان رين سف كل مان نور فاس حيد طان")
	case "zh":
		return strings.Fields("安 北 川 东 河 江 林 南 平 山 水 天 西 新 云 长 广 海 金 龙"), strings.Fields("城 村 港 谷 湖 岭 桥 湾 乡 州")
	case "ru":
		return strings.Fields("ба ве го да жи зо ка ле мо ни по ре со ту фе хо че шу"), strings.Fields("бург град дино ево инск ки лово мир ово ск")
	}
	return strings.Fields("ba ce di fo gu ha ke li mo nu pa ri so ta ve wo xi zu bre cla dro fre gli kro plo sta"),
		strings.Fields("bar den field grad ham land mouth rin stad ton ville wick")
}

/**
 * The same three sentences in many languages, written for this file: "The sea is calm this morning. The fishermen mend
 * their nets and wait for the wind. In the evening the children count the lights of the harbour."
 */
export const SENTENCES: Readonly<Record<string, string>> = {
  German:
    "Das Meer ist heute Morgen ruhig. Die Fischer flicken ihre Netze und warten auf den Wind. Am Abend zählen die Kinder die Lichter des Hafens.",
  French:
    "La mer est calme ce matin. Les pêcheurs réparent leurs filets et attendent le vent. Le soir, les enfants comptent les lumières du port.",
  Spanish:
    "El mar está tranquilo esta mañana. Los pescadores remiendan sus redes y esperan el viento. Por la noche los niños cuentan las luces del puerto.",
  Portuguese:
    "O mar está calmo esta manhã. Os pescadores consertam as suas redes e esperam pelo vento. À noite as crianças contam as luzes do porto.",
  Italian:
    "Il mare è calmo questa mattina. I pescatori riparano le reti e aspettano il vento. La sera i bambini contano le luci del porto.",
  Dutch:
    "De zee is vanmorgen kalm. De vissers herstellen hun netten en wachten op de wind. 's Avonds tellen de kinderen de lichten van de haven.",
  Swedish:
    "Havet är lugnt i morse. Fiskarna lagar sina nät och väntar på vinden. På kvällen räknar barnen ljusen i hamnen.",
  Polish:
    "Morze jest dziś rano spokojne. Rybacy naprawiają sieci i czekają na wiatr. Wieczorem dzieci liczą światła portu.",
  Czech: "Moře je dnes ráno klidné. Rybáři opravují sítě a čekají na vítr. Večer děti počítají světla přístavu.",
  Hungarian:
    "A tenger nyugodt ma reggel. A halászok a hálóikat javítják, és várják a szelet. Este a gyerekek a kikötő fényeit számolják.",
  Finnish:
    "Meri on tyyni tänä aamuna. Kalastajat korjaavat verkkojaan ja odottavat tuulta. Illalla lapset laskevat sataman valoja.",
  Turkish:
    "Deniz bu sabah sakin. Balıkçılar ağlarını onarıyor ve rüzgârı bekliyor. Akşam çocuklar limanın ışıklarını sayıyor.",
  Vietnamese:
    "Sáng nay biển lặng. Những người đánh cá vá lưới và chờ gió. Buổi tối, trẻ em đếm những ngọn đèn của bến cảng.",
  Indonesian:
    "Laut tenang pagi ini. Para nelayan memperbaiki jala mereka dan menunggu angin. Pada malam hari anak-anak menghitung lampu pelabuhan.",
  Swahili:
    "Bahari imetulia asubuhi hii. Wavuvi wanarekebisha nyavu zao na kusubiri upepo. Jioni watoto wanahesabu taa za bandari.",
  Greek:
    "Η θάλασσα είναι ήρεμη σήμερα το πρωί. Οι ψαράδες επισκευάζουν τα δίχτυα τους και περιμένουν τον άνεμο. Το βράδυ τα παιδιά μετρούν τα φώτα του λιμανιού.",
  Russian: "Море сегодня утром спокойно. Рыбаки чинят сети и ждут ветра. Вечером дети считают огни гавани.",
  Ukrainian:
    "Море сьогодні вранці спокійне. Рибалки лагодять сіті й чекають на вітер. Увечері діти рахують вогні гавані.",
  Bulgarian:
    "Морето е спокойно тази сутрин. Рибарите кърпят мрежите си и чакат вятъра. Вечер децата броят светлините на пристанището.",
  Armenian:
    "Ծովը այս առավոտ հանգիստ է։ Ձկնորսները նորոգում են իրենց ցանցերը և սպասում են քամուն։ Երեկոյան երեխաները հաշվում են նավահանգստի լույսերը։",
  Georgian:
    "ზღვა ამ დილით მშვიდია. მეთევზეები ბადეებს აკეთებენ და ქარს ელოდებიან. საღამოს ბავშვები ნავსადგურის შუქებს ითვლიან.",
  Hebrew: "הים רגוע הבוקר. הדייגים מתקנים את הרשתות שלהם ומחכים לרוח. בערב הילדים סופרים את אורות הנמל.",
  Arabic: "البحر هادئ هذا الصباح. الصيادون يصلحون شباكهم وينتظرون الريح. وفي المساء يعد الأطفال أضواء الميناء.",
  Persian:
    "دریا امروز صبح آرام است. ماهیگیران تورهای خود را تعمیر می‌کنند و منتظر باد هستند. شب‌ها بچه‌ها چراغ‌های بندر را می‌شمارند.",
  Urdu: "آج صبح سمندر پرسکون ہے۔ ماہی گیر اپنے جال ٹھیک کرتے ہیں اور ہوا کا انتظار کرتے ہیں۔ شام کو بچے بندرگاہ کی روشنیاں گنتے ہیں۔",
  Hindi: "आज सुबह समुद्र शांत है। मछुआरे अपने जाल ठीक करते हैं और हवा की प्रतीक्षा करते हैं। शाम को बच्चे बंदरगाह की बत्तियाँ गिनते हैं।",
  Marathi: "आज सकाळी समुद्र शांत आहे. कोळी आपली जाळी दुरुस्त करतात आणि वाऱ्याची वाट पाहतात. संध्याकाळी मुले बंदराचे दिवे मोजतात.",
  Bengali: "আজ সকালে সমুদ্র শান্ত। জেলেরা তাদের জাল মেরামত করে আর বাতাসের অপেক্ষা করে। সন্ধ্যায় শিশুরা বন্দরের আলো গোনে।",
  Gujarati: "આજે સવારે દરિયો શાંત છે. માછીમારો પોતાની જાળ સમી કરે છે અને પવનની રાહ જુએ છે. સાંજે બાળકો બંદરના દીવા ગણે છે.",
  Punjabi: "ਅੱਜ ਸਵੇਰੇ ਸਮੁੰਦਰ ਸ਼ਾਂਤ ਹੈ। ਮਛੇਰੇ ਆਪਣੇ ਜਾਲ ਠੀਕ ਕਰਦੇ ਹਨ ਅਤੇ ਹਵਾ ਦੀ ਉਡੀਕ ਕਰਦੇ ਹਨ। ਸ਼ਾਮ ਨੂੰ ਬੱਚੇ ਬੰਦਰਗਾਹ ਦੀਆਂ ਬੱਤੀਆਂ ਗਿਣਦੇ ਹਨ।",
  Tamil:
    "இன்று காலை கடல் அமைதியாக இருக்கிறது. மீனவர்கள் தங்கள் வலைகளைச் சரிசெய்து காற்றுக்காகக் காத்திருக்கிறார்கள். மாலையில் குழந்தைகள் துறைமுகத்தின் விளக்குகளை எண்ணுகிறார்கள்.",
  Telugu:
    "ఈ ఉదయం సముద్రం ప్రశాంతంగా ఉంది. జాలరులు తమ వలలను బాగుచేసుకుంటూ గాలి కోసం ఎదురు చూస్తున్నారు. సాయంత్రం పిల్లలు ఓడరేవు దీపాలను లెక్కిస్తారు.",
  Kannada:
    "ಇಂದು ಬೆಳಿಗ್ಗೆ ಸಮುದ್ರ ಶಾಂತವಾಗಿದೆ. ಮೀನುಗಾರರು ತಮ್ಮ ಬಲೆಗಳನ್ನು ಸರಿಪಡಿಸುತ್ತಾರೆ ಮತ್ತು ಗಾಳಿಗಾಗಿ ಕಾಯುತ್ತಾರೆ. ಸಂಜೆ ಮಕ್ಕಳು ಬಂದರಿನ ದೀಪಗಳನ್ನು ಎಣಿಸುತ್ತಾರೆ.",
  Malayalam:
    "ഇന്ന് രാവിലെ കടൽ ശാന്തമാണ്. മീൻപിടുത്തക്കാർ വലകൾ നന്നാക്കുകയും കാറ്റിനായി കാത്തിരിക്കുകയും ചെയ്യുന്നു. വൈകുന്നേരം കുട്ടികൾ തുറമുഖത്തെ വിളക്കുകൾ എണ്ണുന്നു.",
  Thai: "เช้านี้ทะเลสงบ ชาวประมงซ่อมแหและรอลม ตอนเย็นเด็ก ๆ นับแสงไฟของท่าเรือ",
  Khmer: "ព្រឹកនេះសមុទ្រស្ងប់។ អ្នកនេសាទជួសជុលសំណាញ់ ហើយរង់ចាំខ្យល់។ នៅពេលល្ងាច ក្មេងៗរាប់ភ្លើងនៃកំពង់ផែ។",
  Amharic: "ዛሬ ጠዋት ባሕሩ ጸጥ ያለ ነው። ዓሣ አጥማጆች መረባቸውን ይጠግናሉ፤ ነፋሱንም ይጠብቃሉ። ማታ ልጆች የወደቡን መብራቶች ይቆጥራሉ።",
  Chinese: "今天早上海面很平静。渔民们修补渔网，等着风来。到了晚上，孩子们数着港口的灯火。",
  Japanese:
    "今朝の海は穏やかです。漁師たちは網を繕い、風を待っています。夕方になると、子どもたちは港の明かりを数えます。",
  Korean: "오늘 아침 바다는 잔잔하다. 어부들은 그물을 손질하며 바람을 기다린다. 저녁이면 아이들은 항구의 불빛을 센다.",
}

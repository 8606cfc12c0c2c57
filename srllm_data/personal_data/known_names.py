"""Given names and surnames by origin and gender: the lists of faker, and a few that it lacks.

faker's lists are data of its modules; no generator of it runs. Only spellings in Latin letters.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module

#: Origins and the locales of faker whose lists are theirs.
_LOCALES = {
    "english": "en_US en_GB en_NZ",
    "irish": "en_IE ga_IE",
    "hispanic": "es_MX es_ES es_CO es_AR es_CL",
    "portuguese": "pt_BR pt_PT",
    "french": "fr_FR",
    "italian": "it_IT",
    "german": "de_DE nl_NL",
    "nordic": "sv_SE da_DK no_NO fi_FI",
    "slavic": "pl_PL cs_CZ hr_HR sk_SK sl_SI",
    "baltic": "lt_LT lv_LV et_EE",
    "romanian": "ro_RO",
    "hungarian": "hu_HU",
    "turkish": "tr_TR az_AZ",
    "arabic": "fr_DZ",
    "south_asian": "en_IN en_PK",
    "west_african": "yo_NG ig_NG ha_NG tw_GH",
    "southern_african": "zu_ZA",
    "east_african": "sw",
    "japanese": "ja_JP",
    "chinese": "zh_TW zh_CN",
    "vietnamese": "vi_VN",
    "indonesian": "id_ID",
}
#: What faker has no Latin spelling of, or too few: female; male; surnames.
_MORE = {
    "arabic": """Aisha Amal Amina Asma Dalia Dina Farah Fatima Hala Hanan Huda Iman Khadija Laila
        Lina Mariam Maryam Nadia Noor Nour Rania Reem Rima Salma Samira Sara Yasmin Zainab Zeinab;
        Abdullah Ahmed Ali Amir Bilal Faisal Hamza Hassan Hussein Ibrahim Jamal Kareem Karim Khaled
        Khalid Mahmoud Mohammed Mustafa Nabil Omar Osama Rashid Saleh Samir Tariq Walid Yasser Yusuf
        Youssef Ziad;
        Abbas Abdallah Ahmad Al-Amin Al-Hassan Al-Masri Al-Rashid Awad Bakr Darwish Farouk Haddad
        Hamdan Hijazi Jaber Khalil Khoury Mansour Masri Najjar Nasser Qasim Rahman Saad Sabbagh
        Saleh Salim Shaheen Zaman""",
    "chinese": """Fang Hui Jing Li-Na Ling Mei Mei-Ling Min Na Qing Ting Xia Xiaoling Xiu Xue Yan
        Ying Yu-Ting Zhen; Bo Chao Feng Guowei Hao Haoran Jian Jun Lei Ming Peng Qiang Tao Wei
        Xiaoming Yang Yong Zhiwei;
        Cai Chang Chen Cheng Deng Gao Guo Huang Jiang Liang Lin Luo Tang Wang Xie Xu Yang Zhang
        Zhao Zheng Zhou Zhu""",
    "korean": """Eun-ji Hye-jin Ji-eun Ji-woo Ji-yeon Min-ji Seo-yeon Soo-jin Su-bin Ye-jin Yuna;
        Dong-hyun Hyun-woo Jae-won Jin-woo Joon-ho Jun-seo Min-ho Min-jun Sang-hoon Seung-ho
        Sung-min Tae-hyung; Bae Cho Choi Han Hong Hwang Jeong Jung Kang Kim Kwon Lim Moon Park Seo
        Shin Yoon""",
    "hebrew": """Adi Avigail Chana Dafna Efrat Hadas Hila Inbal Michal Moran Noa Rivka Shira Shlomit
        Tali Tamar Yael; Amit Ariel Avi Avraham Boaz Chaim Dov Eitan Gilad Ido Itai Lior Menachem
        Moshe Nadav Shlomo Uri Yitzhak Yossi; Abramov Azoulay Ben-David Biton Cohen Dahan
        Friedman Goldberg Katz Levi Malka Mizrahi Peretz Rosenberg Shapiro""",
    "persian": """Azadeh Golnaz Leila Mahsa Nasrin Niloufar Parisa Shirin Shohreh Zahra; Arash
        Ardeshir Babak Behrouz Dariush Farhad Kaveh Mehdi Navid Reza Siamak; Ahmadi Hosseini
        Jafari Karimi Moradi Rezaei Rostami Sadeghi Tehrani""",
    "vietnamese": """Huong Lan Linh Mai Ngoc Nhung Phuong Thao Trang Tuyet; Binh Dung Duc Hieu Hung
        Khanh Minh Quang Thanh Tuan; Bui Dang Dinh Duong Hoang Huynh Ngo Nguyen Pham Phan Tran
        Truong Vu""",
    "east_african": """Abeba Almaz Amina Faduma Hodan Ifrah Makda Meron Saba Selam Selamawit Senait
        Tigist; Abdi Abdirahman Abebe Bekele Dawit Haile Kiprotich Mehari Tekle Tesfaye Tewodros
        Yonas; Abdi Farah Gebre Gebremichael Girma Kamau Kariuki Mwangi Njoroge Ochieng Odhiambo
        Omondi Otieno Tadesse Warsame""",
    "west_african": """Adaeze Adwoa Ama Amara Chiamaka Chioma Efua Folake Ifeoma Ngozi Nkechi
        Oluchi; Chidi Chinedu Chukwuemeka Emeka Ikenna Kofi Kwabena Kwame Kwesi Obinna Tunde;
        Achebe Adebayo Adeyemi Afolabi Asante Boateng Eze Mensah Nwosu Obi Okafor Okonkwo Okoro
        Okoye Osei Owusu""",
    "south_asian": """Anjali Ayesha Deepa Fatima Gurpreet Harpreet Kavita Lakshmi Mariam Meena
        Nasreen Nirmala Pooja Priya Rani Savitri Shabana Sunita Sushila Usha Zainab; Arjun Balwinder
        Gurdev Harjit Imran Kuldeep Mandeep Manoj Rajesh Rakesh Ramesh Sajid Sanjay Suresh Vijay;
        Ahmed Akhtar Bhatt Bhatti
        Chaudhry Das Desai Gill Iqbal Iyer Jha Kaur Khan Kumar Mahmood Malik Nair Patel Rao Reddy
        Shah Sharma Singh""",
    "slavic": """Agnieszka Anastasia Galina Irina Ivana Katarzyna Ludmila Magdalena Milena Natalya
        Oksana Olena Olga Svetlana Tatiana Yelena; Aleksandr Andriy Bogdan Borislav Dmitri Igor Ivan
        Maksym Mikhail Oleg Oleksandr Sergei Taras Vladimir Volodymyr Yuri; Bondarenko Ivanov
        Ivanova Kovalenko Petrov Petrova Shevchenko Smirnov Sokolova""",
    "greek": """Despina Eleni Eirini Fotini Katerina Stavroula Vasiliki; Dimitris Giorgos Kostas
        Nikos Panagiotis Stavros Thanasis Yannis; Georgiou Ioannou Nikolaidis Papadopoulos
        Papadopoulou Pappas""",
    "welsh": """Angharad Bronwen Carys Ceridwen Eleri Ffion Myfanwy Nerys Rhiannon Sian; Aled Alun
        Dafydd Emyr Gethin Huw Idris Ieuan Rhodri Rhys; Bevan Llewellyn Prosser""",
    "armenian_georgian": """Anahit Ani Hasmik Ketevan Lusine Nino Tamar; Aram Armen Davit Garen
        Giorgi Levan Tigran Vahan; Beridze Grigoryan Hakobyan Petrosyan Sargsyan""",
    "pacific": """Aroha Hinewai Kalani Leilani Malia Mele Ngaire; Hemi Kawika Keoni Manaia Rangi
        Sione Tane; Kealoha Parata Tamihana Tuilagi""",
}
_LETTER = r"[A-Za-z\u00c0-\u024f\u1e00-\u1eff]"
_LATIN = re.compile(rf"{_LETTER}+(?:['’-]{_LETTER}+)*")


@dataclass(frozen=True)
class Origin:
    """Names of one origin, each list sorted."""

    female: tuple[str, ...]
    male: tuple[str, ...]
    surnames: tuple[str, ...]


@lru_cache(maxsize=1)
def origins() -> dict[str, Origin]:
    """All origins by name."""
    found: dict[str, list[set[str]]] = {}
    for origin, locales in _LOCALES.items():
        lists = found.setdefault(origin, [set(), set(), set()])
        for locale in locales.split():
            for part, names in zip(lists, _lists(locale), strict=True):
                part |= names
    for origin, text in _MORE.items():
        lists = found.setdefault(origin, [set(), set(), set()])
        for part, words in zip(lists, text.split(";"), strict=True):
            part |= set(words.split())
    return {
        origin: Origin(*(tuple(sorted(names)) for names in lists))
        for origin, lists in sorted(found.items())
    }


@lru_cache(maxsize=1)
def all_given_names() -> frozenset[str]:
    """Given names of every origin, and of faker's longest list, as they are written."""
    rare = {name for names in _lists("en")[:2] for name in names}
    return frozenset(rare.union(*({*o.female, *o.male} for o in origins().values())))


def frequent_given_names() -> frozenset[str]:
    """Given names of every origin, as they are written."""
    return frozenset().union(*({*o.female, *o.male} for o in origins().values()))


def _lists(locale: str) -> tuple[set[str], set[str], set[str]]:
    """Female names, male names and surnames of a locale of faker."""
    provider = import_module(f"faker.providers.person.{locale}").Provider
    female, male, last = (
        {
            name
            for kind in vars(provider)
            if re.fullmatch(pattern, kind)
            for name in getattr(provider, kind)
        }
        for pattern in (
            "first_(?:romanized_)?names_female",
            "first_(?:romanized_)?names_male",
            ".*last_(?:romanized_)?names.*",
        )
    )
    return _latin(female), _latin(male), _latin(last)


def _latin(names: set[str]) -> set[str]:
    names = {n.title() if n.isupper() else n for n in names}
    return {n for n in names if _LATIN.fullmatch(n) and n[0].isupper() and len(n) > 1}

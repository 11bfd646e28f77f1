"""Second implementation of the cardio-respiratory core, written from its equations, for the parity test.

    python3 core_reference.py > core_reference.csv

Same equations and the same order of the explicit Euler step of 0.1 s; the two implicit relations (balance of heart
and veins, oxygen content) are solved here by plain bisection. Each line is the state after `t_s` seconds.
"""
from math import exp, log10

CAPACITY, SOLUBILITY = 13.4, 0.03


def saturation(p):
    return 1 / (1 + 23400 / (p**3 + 150 * p))


def saturation_slope(p):
    return 23400 * (3 * p**2 + 150) / (p**3 + 150 * p + 23400) ** 2


def logistic(x):
    return 1 / (1 + exp(-x))


def hill(x, half, n):
    return x**n / (x**n + half**n) if x > 0 else 0.0


def clip(x, low, high):
    return min(max(x, low), high)


def bisect(rising, low, high):
    for _ in range(200):
        middle = 0.5 * (low + high)
        if rising(middle) < 0:
            low = middle
        else:
            high = middle
    return 0.5 * (low + high)


class Patient:
    HR0, HRmax, MAP0, CO0, CVP0, V0 = 70.0, 185.0, 90.0, 5.4, 4.0, 5.0
    Hb, RR0, VD, VO20, VCO20, PCO2, T0, shunt0, Ca, Cv = 14.5, 14.0, 0.15, 0.25, 0.20, 40.0, 37.0, 0.025, 1.75, 0.2

    def __init__(s):
        s.VT0 = s.VD + 863 * s.VCO20 / (s.PCO2 * s.RR0)
        s.VE0 = s.RR0 * s.VT0
        s.R0 = (s.MAP0 - s.CVP0) / s.CO0
        s.Rv0 = 3 / s.CO0
        s.Vu0 = s.V0 - (s.CVP0 + 3) * s.Cv
        s.SVm = s.CO0 / s.HR0 / logistic((s.CVP0 - 2.5) / 1.7)
        s.V, s.Vi = s.V0, 11.0
        s.MAP = s.sensed = s.set = s.MAP0
        s.xs = s.xv = s.exf = s.dc = s.dp = s.inf = 0.0
        s.met = s.lac = s.strength = s.tone = 1.0
        s.debt = s.heart = s.damage = 0.0
        s.PA, s.Pv = s.PCO2, s.PCO2 + 1000 * s.VCO20 / 33
        s.PAO2 = 713 * 0.21 - 1000 * s.VO20 * 863 / (1000 * s.RR0 * (s.VT0 - s.VD))
        s.T = s.T0
        s.mix(s.shunt0, 1000 * s.VO20 / s.CO0)
        s.keto = s.bleed = s.fluid = s.opi = s.sep = s.ex = s.tilt = s.fever = s.ne = s.shunt = 0.0
        s.FiO2, s.apnoea = 0.21, False

    def mix(s, f, taken):
        content = lambda p: CAPACITY * s.Hb * saturation(p) + SOLUBILITY * p
        target = max(5.0, content(s.PAO2) - f / (1 - f) * taken)
        s.PaO2 = bisect(lambda p: content(p) - target, 0.1, s.PAO2)
        s.Sa = saturation(s.PaO2)

    def step(s, dt=0.1):
        s.exf += dt * (s.ex - s.exf) / (25 if s.ex > s.exf else 50)
        s.inf += dt * (s.sep - s.inf) / 5400
        q = 1.10 ** (s.T - s.T0)
        s.met += dt * ((1 + 11 * s.ex) * q - s.met) / 35
        s.T += dt * ((s.T0 + 2.5 * hill(s.inf, 0.25, 1.5) + s.fever - s.T) / 2400 + 2.2e-4 * s.exf)
        refill = (s.V0 - s.V) * 0.25 / 3600 * (1 - s.damage) if s.Vi > 8 else 0
        exchange = refill - 0.20 / 3600 * (s.inf + 4 * s.damage)
        s.Hb -= dt * s.Hb * max(0, 0.30 * s.fluid + exchange) / s.V
        s.V += dt * (-s.bleed + 0.30 * s.fluid + exchange)
        s.Vi += dt * (0.70 * s.fluid - exchange)

        s.sensed += dt * (s.MAP - s.sensed) / 1.5
        s.set += dt * (s.sensed - s.set) / 83000
        chem = hill(85 - s.PaO2, 22, 3)
        ns = 2 * logistic((s.set + 30 * s.exf + 9 * chem - s.sensed) / 7) - 1
        s.xs += dt * (clip(1.5 * ns + 0.9 * chem + 0.10 * s.inf - 0.4 * s.opi, -1, 2) - s.xs) / 8
        s.xv += dt * (clip(-ns - 0.8 * chem - 0.3 * s.inf, -1, 1) - s.xv) / 1.2
        up = max(s.xs, 0)
        hr = s.HR0 * (1 - 0.22 * s.xv + 0.52 * (1 - 0.25 * s.inf) * up + 0.12 * min(s.xs, 0)) + 8.5 * (s.T - s.T0)
        hr += (s.HRmax - s.HR0) * 0.78 * s.exf * (1 - 0.25 * up) - 8 * s.opi + 16 * chem
        if s.Sa < 0.55:
            hr *= max(0.25, s.Sa / 0.55)
        s.HR = clip(hr, 20, s.HRmax)
        a = up * (1 - 0.8 * hill(1 - s.V / s.V0, 0.42, 12))
        b = min(s.xs, 0)

        vd = 1 + 0.30 * (s.met - 1)
        R = s.R0 * (1 + 0.72 * a * (1 - 0.6 * s.inf) + 0.30 * b) * (1 - 0.80 * s.inf) * s.tone
        R *= (1 + s.ne) * (1 - 0.10 * s.opi) / vd
        Vu = s.Vu0 - 0.55 * a - 0.25 * b + 0.45 * s.inf + 0.50 * s.tilt - 0.30 * s.ne
        Pms = max(0.3, (s.V - Vu) / s.Cv)
        Rv = s.Rv0 / vd**0.85 * (1 - 0.25 * s.inf)
        con = (1 + 0.30 * a) * (1 - 0.55 * max(0, s.inf - 0.4)) * (1 - 0.05 * s.opi) * (1 + 0.35 * s.exf) * s.strength
        con *= min(1, (max(s.Sa, 0.05) / 0.55) ** 1.5) * min(1, 180 / s.HR) * min(1, s.MAP / 45)
        pump = s.HR * s.SVm * con * min(1.05, (90 / max(s.MAP, 40)) ** 0.15)
        s.CVP = bisect(lambda c: pump * logistic((c - 2.5) / 1.7) - (Pms - c) / Rv, -4, Pms)
        s.CO = max(0.05, (Pms - s.CVP) / Rv)
        s.MAP += dt * (s.CVP + s.CO * R - s.MAP) / max(0.5, 0.06 * R * s.Ca)

        pset = s.PCO2 - 1.2 * (s.lac - 1 + s.keto) - (7 * a if s.ex < 0.01 else 0) - 6 * s.inf
        excess = s.PA - pset
        s.dc += dt * (1.5 * exp(-3 * s.opi) * excess * (1 if excess > 0 else 0.4) - s.dc) / 100
        hyp = max(0, 30 * (exp(-(s.PaO2 - 25) / 16) - exp(-(92 - 25) / 16)))
        s.dp += dt * (hyp * max(0.3, 1 + 0.04 * (s.PA - 40)) - s.dp) / 12
        VE = s.VE0 * q * exp(-1.3 * s.opi) + s.dc + s.dp * exp(-1.8 * s.opi) + 0.98 * s.VE0 * (s.met / q - 1)
        flow_ratio = s.CO / s.CO0
        if s.MAP < 30 or flow_ratio < 0.15:
            VE = min(VE, 2 * s.VE0) * clip((s.MAP - 20) / 10, 0, 1) * clip((flow_ratio - 0.05) / 0.1, 0, 1)
        VE = max(0, VE)
        k = (0.15 if s.opi < 0.1 else 0.05) + 0.40 * min(1, 3 * s.exf)
        s.VT = clip(s.VT0 * max(VE / s.VE0, 0.02) ** k, max(0.2, 1.4 * s.VD * (1 + 0.7 * s.inf) if s.inf > 0 else 0), 3)
        s.RR = VE / s.VT
        if s.RR < 2.5:
            s.RR = 0.0
        if s.apnoea:
            s.RR = s.VT = 0.0
        VA = 1000 * s.RR * max(0, s.VT - s.VD * (1 + 1.6 * max(0, 1 - s.CO / s.CO0) + 0.7 * s.inf))

        G = 33 * (max(s.CO, 0.3) / s.CO0) ** 0.7 * (1 if s.met < 1.5 else s.met**0.35)
        flow = G * (s.Pv - s.PA)
        s.PA += dt / 60 * (flow - VA * s.PA / 863) / 6
        s.Pv += dt / 60 * (1000 * s.VCO20 * s.met - flow) / 45
        DO2 = s.CO * CAPACITY * s.Hb * s.Sa
        VO2 = min(1000 * s.VO20 * s.met, 0.80 * DO2)
        bound = 5200 * 0.0134 * s.Hb * 1.1 * saturation_slope(s.PAO2)
        s.PAO2 += dt / 60 * (VA * (713 * s.FiO2 - s.PAO2) / 863 - VO2) / (2500 / 863 + bound + 0.3)
        s.PAO2 = clip(s.PAO2, 8, 690)
        s.mix(min(0.6, s.shunt0 + s.shunt + 0.22 * s.inf) / (1 + 0.12 * (s.met - 1)), VO2 / max(s.CO, 0.5))
        venous = s.Sa - 1000 * s.VO20 * s.met / (s.CO * CAPACITY * s.Hb)
        limit = 0.60 + 0.12 * clip(2 - 2 * s.CO / s.CO0, 0, 1)
        low = clip(1 - s.MAP / (limit * s.MAP0 * (1 + 0.38 * s.inf)), 0, 1)
        lactate = 1 + 16.5 * max(0, 0.504 - venous) + 25 * low + 3.5 * s.inf**1.3
        s.lac += dt * (min(30, lactate) - s.lac) / 1500
        s.owe(venous, low, dt)

    def owe(s, venous, low, dt):
        """Oxygen debt: what it takes of heart and vessels from the next step on."""
        suffices = venous > 0.5 and low == 0 and s.MAP > 40 and s.lac < 4 and s.keto < 4 and s.PA < 75
        if suffices and s.debt == 0 and s.heart == 0:
            return
        starved = clip((0.5 * (1 - clip((s.met - 1) / 4, 0, 1)) - venous) / 0.45, 0, 1)
        unmet = 1 - (1 - starved) * (1 - 0.7 * low)
        s.debt += dt * (unmet * 1000 / 60 * s.VO20 * s.met / 70 - (1 - unmet) * s.debt / 10800)
        heart = max(1 - s.Sa / 0.6, 1 - s.MAP / 40)
        s.heart += dt * (min(1, heart) if heart > 0 else -s.heart / 3600)
        s.damage = hill(s.debt, 55, 3)
        acid = max(0, 7.2 - 6.1 - log10(max(3, 24 - (s.lac - 1) - s.keto) / (0.0307 * max(5, s.PA))))
        s.strength = (1 - 0.6 * s.damage) * max(0.2, 1 - 0.8 * acid) * (1 - 0.6 * s.heart / (300 + s.heart))
        s.tone = (1 - 0.5 * s.damage) * max(0.2, 1 - 0.8 * acid)


SCENARIOS = {
    "bleed": (900, lambda s, t: setattr(s, "bleed", 0.0025 if t < 600 else 0.0)),
    "opioid": (900, lambda s, t: setattr(s, "opi", min(1.0, t / 120) if t < 600 else max(0.1, 1 - (t - 600) / 60))),
    "hypoxia": (600, lambda s, t: setattr(s, "FiO2", 0.12 if t < 400 else 0.21)),
    "exercise": (480, lambda s, t: setattr(s, "ex", 0.5 if t < 300 else 0.0)),
    "sepsis": (1800, lambda s, t: setattr(s, "sep", 1.0)),
    "apnoea": (300, lambda s, t: setattr(s, "apnoea", t < 120)),
    "shunt": (600, lambda s, t: (setattr(s, "shunt", 0.25), setattr(s, "FiO2", 0.21 if t < 300 else 0.7))),
    "tilt": (240, lambda s, t: setattr(s, "tilt", 1.0 if t < 120 else 0.0)),
    "pressor": (300, lambda s, t: setattr(s, "ne", 0.3)),
    "fever": (900, lambda s, t: (setattr(s, "fever", 2.0), setattr(s, "fluid", 1.0 / 900))),
}

if __name__ == "__main__":
    print("scenario,t_s,heart_rate_bpm,map_mmhg,cardiac_output_l_min,pao2_mmhg,sao2,respiratory_rate_bpm")
    for name, (seconds, act) in SCENARIOS.items():
        patient = Patient()
        for step in range(10 * seconds):
            act(patient, step // 10)
            patient.step()
            if (step + 1) % 100 == 0:
                values = (patient.HR, patient.MAP, patient.CO, patient.PaO2, patient.Sa, patient.RR)
                print(name, (step + 1) // 10, *(f"{value:.9g}" for value in values), sep=",")

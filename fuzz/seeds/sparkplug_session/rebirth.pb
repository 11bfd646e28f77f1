
Node Control/Rebirth p